/**
 * With the variable PROPERTY_SEED, all property tests draw from that seed, so that one and the same state of the sources always gets one and
 * the same verdict: `.ci/run` takes it from the sources. Without it every run draws anew.
 */
const seed = process.env.PROPERTY_SEED;
if (seed !== undefined) {
  if (!/^\d+$/.test(seed)) throw new Error(`PROPERTY_SEED is no number: ${seed}`);
  const { default: fc } = await import("fast-check");
  fc.configureGlobal({ seed: Number(seed) });
}

export {};
