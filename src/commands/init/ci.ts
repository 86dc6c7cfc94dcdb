import { join } from "node:path";
import { toSh } from "../../core/command-line.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { CI_FILES, planCi } from "../../core/plan/ci.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import { readTemplate } from "../../io/templates.ts";
import { assertInside } from "../shared/privacy.ts";
import type { InitOptions } from "./options.ts";
import type { Room } from "./values.ts";

/** What `--ci` reads, absolute: its file, then what may stand in its place. Nothing without it. */
export function ciPaths(options: InitOptions, root: string): readonly string[] {
  if (options.ci === undefined) return [];
  const { file, instead = [] } = CI_FILES[options.ci];
  return [file, ...instead].map((name) => join(root, name));
}

/** What `check` must be told: nothing where HALO's own endpoint is meant. Undefined for a URL that a script could read otherwise. */
function checkOptions(url: string): string | undefined {
  if (isHaloEndpoint(url)) return "";
  return /^[\w.:/~%?=&+-]+$/.test(url) ? ` --url ${toSh([url])}` : undefined;
}

/** The step of `--ci`; none without it. Throws Refusal when the file would land outside of the repository. */
export function ciSteps({ options, survey, context, target }: Room): readonly Step[] {
  const { ci: kind } = options;
  const [path, ...others] = ciPaths(options, survey.root);
  if (kind === undefined || path === undefined) return [];
  const { template, instead = [] } = CI_FILES[kind];
  const state = survey.snapshot.get(path);
  assertInside(survey.root, { path, realPath: state?.realPath ?? path });
  const told = checkOptions(target.url);
  const text = readTemplate(context.templates, `ci/${template}`, { version: context.version, options: told ?? "" });
  const unfit =
    survey.storeKey !== survey.root
      ? "it belongs at the root of the repository"
      : told === undefined
        ? "the endpoint is not HALO's own, so check needs --url with it"
        : undefined;
  const taken = instead[others.findIndex((other) => survey.snapshot.get(other)?.kind === "file")];
  return [planCi({ kind, path, state, instead: taken, text, ...(unfit === undefined ? {} : { unfit }) })];
}

/** For a person who set up a repository: what keeps it right from now on. */
export function ciLines({ options, survey, target }: Room, plan: Plan): readonly string[] {
  if (options.ci === undefined && target.mode === "join") return [];
  const kept = options.ci === undefined ? undefined : CI_FILES[options.ci];
  const [path] = ciPaths(options, survey.root);
  const written = plan.steps.some((step) => step.kind === "write" && step.path === path);
  return [
    "",
    "In CI, or before a commit",
    `  npx create-halo-mcp check${checkOptions(target.url) ?? ""}`,
    "  It needs no token and connects to nothing.",
    ...(kept === undefined
      ? ["  To have it set up: npx create-halo-mcp --ci github", "  (or gitlab, pre-commit, lefthook, husky)."]
      : written
        ? [`  Commit ${kept.file}: it runs this.`, ...(kept.needs === undefined ? [] : [`  ${kept.needs}`])]
        : []),
  ];
}
