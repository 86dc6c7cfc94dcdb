/** The questions with fixed answers: what to connect, and what to do next. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { CLIENT_IDS, TOLD_IDS } from "../../core/clients/told.ts";
import type { Cause, Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { nameProblem, type Value } from "../../core/halo.ts";
import type { Ask, Choice as Row } from "../../ui/ask.ts";
import { type Choice, choiceOf, SCOPES } from "../shared/client-files.ts";
import type { Page, Survey } from "./survey.ts";

export const placeOf = ({ git }: Survey) => (git === undefined ? "this folder" : "this repository");

/** The clients that are here, ticked, and those that need a person. The others: `--client`. */
export async function askChoice(ask: Ask, here: Survey): Promise<Choice> {
  const others = CLIENTS.filter(
    ({ id, scopes }) => id !== claudeCode.id && scopes.length > 0 && here.installed.has(id),
  );
  const isHere = here.installed.has(claudeCode.id) || others.length === 0;
  const own = SCOPES.filter((scope) => here.entries[scope].length > 0);
  const scopesHere = own.length > 0 ? own : isHere ? here.choice.scopes : [];
  const picked = await ask.several<string>({
    message: "What do you want to connect?",
    choices: [
      { value: "project", label: `Claude Code, for ${placeOf(here)}`, hint: ".mcp.json, for the team" },
      { value: "local", label: `Claude Code, only me, in ${placeOf(here)}` },
      { value: "user", label: "Claude Code, only me, everywhere" },
      ...others.map(({ id, label, files, scopes }) => {
        const file = scopes.includes("project") ? files.project[0] : undefined;
        return { value: id, label, hint: file ?? "only me, everywhere" };
      }),
      { value: "claude-ai", label: "Claude.ai", hint: "steps to do by hand" },
      { value: "chatgpt", label: "ChatGPT", hint: "steps to do by hand" },
    ],
    initial: [...scopesHere, ...others.map(({ id }) => id)],
  });
  const scopes = SCOPES.filter((scope) => picked.includes(scope));
  const ids = [...CLIENT_IDS, ...TOLD_IDS].filter((id) => picked.includes(id));
  const clients = scopes.length > 0 ? [claudeCode.id, ...ids] : ids;
  return choiceOf(clients, scopes.length > 0 ? scopes : here.choice.scopes);
}

export type Answer = Value | "again" | "save" | "stop" | "done" | "another" | "remove";

const CHANGES: Readonly<Record<Value | "again", string>> = {
  token: "Enter another token",
  profile: "Correct the profile ID",
  account: "Correct the account ID",
  again: "Try again",
};

/** What a person can do about a failed test. */
type Repair = Value | "again";
/** By cause, the likeliest first. A refused token is not tried again as it is. */
const REPAIRS: Readonly<Partial<Record<Cause, readonly Repair[]>>> = {
  unauthorized: ["token", "account", "profile"],
  forbidden: ["profile", "account", "token"],
  "bad-value": ["token", "profile", "account"],
  "missing-value": ["token", "profile", "account"],
};

export const isAboutValues = (cause: Cause | null): boolean => cause !== null && REPAIRS[cause] !== undefined;

const stepsAfter = (cause: Cause | null): readonly Repair[] =>
  REPAIRS[cause ?? "unknown"] ?? ["again", "token", "profile", "account"];

/** After a failed test: what its cause asks for first. A value that the team's file has as text is not a person's to change. */
export function menuAfter({ target }: Page, { cause }: Pick<Diagnosis, "cause">): readonly Row<Answer>[] {
  const steps = stepsAfter(cause).filter((step) => step === "again" || "env" in target.slots[step]);
  return [
    ...steps.map((value) => ({ value, label: CHANGES[value] })),
    { value: "save", label: "Save anyway, though it does not work" },
    { value: "stop", label: "Stop, write nothing" },
  ];
}

/** Of a set-up that is there. `isOk`: it works; else its one repair comes first. */
export function menuOf(page: Page, isOk: boolean, failed: Pick<Diagnosis, "cause">, place: string) {
  const more: readonly Row<Answer>[] = isOk
    ? [
        { value: "done", label: "Nothing, I am done" },
        { value: "another", label: "Add another profile", hint: "same token and account" },
        ...(["token", "profile", "account"] as const).map((value) => ({ value, label: CHANGES[value] })),
      ]
    : menuAfter(page, failed).filter(({ value }) => value !== "save");
  return [...more, { value: "remove", label: `Remove HALO from ${place}` } as const];
}

/** The name of one more connection. */
export async function askName(ask: Ask, { here }: Page): Promise<string> {
  const taken = new Set(here.clients.flatMap(({ found }) => found.map(({ entry }) => entry.name)));
  return await ask.text({
    message: "A name for this connection, for example halo-de",
    validate: (text) =>
      taken.has(text) ? `Taken. To set it up: npx create-halo-mcp --name ${text}` : nameProblem(text),
  });
}
