// SPDX-License-Identifier: Apache-2.0
/** Stands for modules of Node that a bundler meets but a page never runs. */
export default {};
