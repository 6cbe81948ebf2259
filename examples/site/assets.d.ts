// SPDX-License-Identifier: Apache-2.0
/** Files that the bundler turns into addresses, workers and style sheets. */
/// <reference types="vite/client" />
