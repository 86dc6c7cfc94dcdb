/** A diagnosis in JSON. Apart from the causes, which a run without a test does not load. */
import { adviceLine } from "../advice.ts";
import type { Diagnosis } from "./diagnose.ts";

/** As docs/json.md has it: advice as lines. `led` is always null: version 1 of the JSON promises the key. */
export const diagnosisJson = ({ harmless: _, ...diagnosis }: Diagnosis) => ({
  ...diagnosis,
  led: null,
  stages: diagnosis.stages.map(({ tryThis, ...stage }) => ({
    ...stage,
    ...(tryThis === undefined ? {} : { tryThis: tryThis.map(adviceLine).join("\n") }),
  })),
});
