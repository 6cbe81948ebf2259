// SPDX-License-Identifier: Apache-2.0
/**
 * How the kernels of a backend are best set on a device (`Settings` in ../contract), as far as `tune` has measured it:
 * kept, imported, and handed to the backend, which may be imported later.
 */
import { type BackendDescriptor, descriptorOf } from '../contract';
import { type Conv2DTransposeGeometry, isGeometry } from '../geometry/geometry';
import { toGeometry } from '../geometry/request';

/** Which setting is fastest on a device. */
export interface BestSetting {
  readonly backend: string;
  readonly device: string;
  /** What it was measured on: the heaviest of what `tune` was given. */
  readonly geometry: Conv2DTransposeGeometry;
  readonly fastest: string;
  /** Median milliseconds of all passes that were measured. */
  readonly ms: Readonly<Record<string, number>>;
}

const kept = new Map<string, BestSetting>();
/** Those whose backend has not been imported. */
const waiting = new Map<string, BestSetting>();

const keyOf = (backend: string, device: string): string => `${backend} ${device}`;

export function keepSetting(best: BestSetting): void {
  const key = keyOf(best.backend, best.device);
  kept.set(key, best);
  waiting.set(key, best);
  applySettings(best.backend);
}

/** Hands a backend what has been imported before it was. */
export function applySettings(backend: string): void {
  if (waiting.size === 0) return;
  const settings = descriptorOf(backend)?.settings;
  for (const [key, best] of waiting) {
    if (best.backend !== backend || !settings) continue;
    settings.use(best.device, best.fastest);
    waiting.delete(key);
  }
}

/** What has been measured of a device, or imported. */
export function settingOf(backend: string, device: string): BestSetting | undefined {
  return kept.get(keyOf(backend, device));
}

export function allSettings(): BestSetting[] {
  return [...kept.values()];
}

/** Forgets all of them: each backend is set as usual. */
export function clearSettings(): void {
  for (const { backend, device } of kept.values()) descriptorOf(backend)?.settings?.use(device);
  kept.clear();
  waiting.clear();
}

/** The settings that a backend has here, the usual one first; none where its kernels cannot run. */
export function settingsHere({ settings, probe }: BackendDescriptor, backend: Parameters<typeof probe>[0]): string[] {
  return settings && probe(backend).supported ? [...settings.names(backend)] : [];
}

/** Whether something was exported as a setting. */
export function isSetting(given: unknown): given is BestSetting {
  if (typeof given !== 'object' || given === null) return false;
  const { backend, device, geometry, fastest, ms } = given as Partial<BestSetting>;
  if ([backend, device, fastest].some((name) => typeof name !== 'string' || name === '')) return false;
  return isGeometry(geometry) && areTimes(ms, fastest!);
}

/** A setting as it was given, its geometry one of ours. */
export function importedSetting(given: BestSetting): BestSetting {
  return { ...given, geometry: toGeometry(given.geometry) };
}

/** Whether something holds milliseconds by name, one among them. */
export function areTimes(ms: unknown, name: string): boolean {
  if (typeof ms !== 'object' || ms === null) return false;
  const times = ms as Readonly<Record<string, unknown>>;
  return (
    Object.keys(times).includes(name) &&
    Object.values(times).every((time) => Number.isFinite(time) && (time as number) >= 0)
  );
}
