// SPDX-License-Identifier: Apache-2.0
/** What has been trained already comes with a page. */

/**
 * The bytes of a checkpoint.
 *
 * @param what What it is, for the error.
 */
export async function fetchPretrained(address: URL, what: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The trained ${what} cannot be loaded: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
