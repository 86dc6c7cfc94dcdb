import { join } from "node:path";
import { toSh } from "../../core/command-line.ts";
import type { Plan, Step } from "../../core/model.ts";
import { ciFile, planCi } from "../../core/plan-ci.ts";
import { isHaloEndpoint } from "../../endpoint.ts";
import { readTemplate } from "../../io/templates.ts";
import type { InitOptions } from "./options.ts";
import { assertInside } from "./privacy.ts";
import type { Room } from "./values.ts";

/** The file of `--ci`, absolute; none without it. */
export function ciPath(options: InitOptions, root: string): string | undefined {
  return options.ci === undefined ? undefined : join(root, ciFile(options.ci));
}

/** What `check` must be told: nothing where HALO's own endpoint is meant. Undefined for a URL that a script could read otherwise. */
function checkOptions(url: string): string | undefined {
  if (isHaloEndpoint(url)) return "";
  return /^[\w.:/~%?=&+-]+$/.test(url) ? ` --url ${toSh([url])}` : undefined;
}

/** The step of `--ci`; none without it. Throws Refusal when the file would land outside of the repository. */
export function ciSteps({ options, survey, context, target }: Room): readonly Step[] {
  const { ci: kind } = options;
  const path = ciPath(options, survey.root);
  if (kind === undefined || path === undefined) return [];
  const state = survey.snapshot.get(path);
  assertInside(survey.root, { path, realPath: state?.realPath ?? path });
  const told = checkOptions(target.url);
  const text = readTemplate(context.templates, `ci/${kind}.yml`, { version: context.version, options: told ?? "" });
  const unfit =
    survey.storeKey !== survey.root
      ? "it belongs at the root of the repository"
      : told === undefined
        ? "the endpoint is not HALO's own, so check needs --url with it"
        : undefined;
  return [planCi({ kind, path, state, text, ...(unfit === undefined ? {} : { unfit }) })];
}

/** For a person who set up a repository: what keeps it right from now on. */
export function ciLines({ options, survey, target }: Room, plan: Plan): readonly string[] {
  if (options.ci === undefined && target.mode === "join") return [];
  const path = ciPath(options, survey.root);
  const written = plan.steps.some((step) => step.kind === "write" && step.path === path);
  return [
    "",
    "In CI, or before a commit",
    `  npx create-halo-mcp check${checkOptions(target.url) ?? ""}`,
    "  It needs no token and connects to nothing.",
    ...(options.ci === undefined
      ? ["  To have it set up: npx create-halo-mcp --ci github (or gitlab, pre-commit)."]
      : written
        ? [`  Commit ${ciFile(options.ci)}: it runs this.`]
        : []),
  ];
}
