// SPDX-License-Identifier: Apache-2.0
/**
 * Things that are made once: what is derived from an object is kept with it, what is derived from a request by its key.
 */

/** `make`, called once for each object; what it made is kept for as long as the object lives. */
export function keptBy<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const kept = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let entry = kept.get(key);
    if (entry === undefined) {
      entry = { value: make(key) };
      kept.set(key, entry);
    }
    return entry.value;
  };
}

/** Questions that pass at most until what has thrown is tried again. */
const MOST_PATIENCE = 1024;

/**
 * `make`, called until it gives something, which is kept. An error stands for the next question too, that of the next
 * try for the next two, then four: it may pass, but what throws every time must not cost its time every time.
 */
export function retried<V>(make: () => V | undefined): () => V | undefined {
  let made: V | undefined;
  let thrown: unknown;
  let [patience, left] = [1, 0];
  return () => {
    if (made !== undefined) return made;
    if (left > 0) {
      left--;
      throw thrown;
    }
    try {
      return (made = make());
    } catch (error) {
      [thrown, left, patience] = [error, patience, Math.min(2 * patience, MOST_PATIENCE)];
      throw error;
    }
  };
}

/** Entries of a `Recent` that are kept: more than a model has layers. */
const MOST = 512;

/** The latest values by their keys: what was not asked for in longest makes room for what is new. */
export class Recent<V, K extends string | number = string> {
  private readonly values = new Map<K, V>();

  /** The value of a key, made if it is not there. An error of `make` keeps nothing. */
  get(key: K, make: () => V): V {
    let value = this.find(key);
    if (value === undefined) {
      value = make();
      this.keep(key, value);
    }
    return value;
  }

  find(key: K): V | undefined {
    const value = this.values.get(key);
    // Only where room is scarce does it matter who was asked for last.
    if (value !== undefined && this.values.size > MOST / 2) {
      this.values.delete(key);
      this.values.set(key, value);
    }
    return value;
  }

  keep(key: K, value: V): void {
    this.values.set(key, value);
    if (this.values.size > MOST) this.values.delete(this.values.keys().next().value as K);
  }
}

/**
 * The latest values by lists of numbers, strings, nothing (null or undefined) and lists. No key is written for a
 * question, which would take longer than a small layer: a number made of the list leads to a few, which are compared.
 */
export class RecentByList<V> {
  private readonly recent = new Recent<{ readonly list: readonly unknown[]; readonly value: V }[], number>();

  /** The value of a list, made if it is not there. Of a list that holds anything else it is made each time. */
  get(list: readonly unknown[], make: () => V): V {
    const hash = hashOf(list, 0);
    const alike = this.recent.find(hash) ?? [];
    for (const entry of alike) if (areEqual(entry.list, list)) return entry.value;
    const value = make();
    if (!isPlain(list)) return value;
    // Callers may change their lists.
    this.recent.keep(hash, [...alike, { list: copyOf(list), value }]);
    return value;
  }
}

/** Equal for equal lists, seldom for others (FNV-1a, a value at a time). */
function hashOf(list: readonly unknown[], before: number): number {
  let hash = before ^ list.length;
  for (let n = 0; n < list.length; n++) {
    const value = list[n];
    if (typeof value === 'number') hash ^= value;
    else if (typeof value === 'string') hash ^= value.length;
    else if (Array.isArray(value)) hash = hashOf(value, hash);
    hash = Math.imul(hash, FNV_PRIME);
  }
  return hash;
}
const FNV_PRIME = 0x01000193;

/** Whether a list is of numbers, strings, nothing, and such lists: what equals its copy for as long as it lives. */
function isPlain(list: readonly unknown[]): boolean {
  return list.every((value) => (Array.isArray(value) ? isPlain(value) : !isObject(value) && !Number.isNaN(value)));
}

function isObject(value: unknown): boolean {
  return value !== null && (typeof value === 'object' || typeof value === 'function');
}

function areEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let n = 0; n < a.length; n++) {
    const [p, q] = [a[n], b[n]];
    const isSame = Array.isArray(p) ? Array.isArray(q) && areEqual(p, q) : p === q && !isObject(p);
    if (!isSame) return false;
  }
  return true;
}

function copyOf(list: readonly unknown[]): unknown[] {
  return list.map((value) => (Array.isArray(value) ? copyOf(value) : value));
}
