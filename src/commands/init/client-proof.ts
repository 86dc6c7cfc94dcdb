/** The proof through each client: what its file makes it send, tested from here, then its own program. */
import { claudeCode, type Sent } from "../../core/clients/claude-code.ts";
import { storeOf } from "../../core/clients/paths.ts";
import { answersFor, seenBy, sentBy } from "../../core/clients/sent.ts";
import { toSh } from "../../core/command-line.ts";
import { judged } from "../../core/connection.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { secretsOf } from "../../core/plan/install.ts";
import type { Secrets } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { isInside } from "../../io/read.ts";
import { askProgram } from "../shared/ask-program.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type ClientHere, chosenFiles } from "../shared/client-files.ts";
import { lacksValues } from "./client-lines.ts";
import { targetOf } from "./clients.ts";
import { type Decided, lookAgain, type Page } from "./survey.ts";
import { type ClientProof, isTold, type Proof, permitted, prove, showDiagnosis, test } from "./test.ts";

/** The variables that the client sees, and those of its private file alone. */
function variablesOf({ client, scope }: ClientHere, { here, context }: Page) {
  const stored = Object.fromEntries(dotenvOf(here.snapshot.get(storeOf(client, context) ?? "")));
  const dotenv = scope === "project" ? Object.fromEntries(here.dotenv) : {};
  return { stored, env: seenBy(client, context.env, dotenv, stored) };
}

/** What the file makes the client send. Throws Refusal if it is not what was agreed to. */
function sentByFile(page: Page, file: ClientHere, secrets: Secrets): Sent {
  const { target, url, here, show, context } = page;
  const { client, found, path } = file;
  const where = labelOf(path, here.root);
  const server = found.find(({ entry }) => entry.name === target.name)?.server;
  if (server === undefined)
    throw new Refusal(
      `${where}: the entry "${target.name}" is missing when the file is read again`,
      { hint: "npx create-halo-mcp check" },
      "proof-failed",
    );
  const { env, stored } = variablesOf(file, page);
  const stale = Object.keys(secrets).filter((name) => env[name] !== undefined && env[name] !== secrets[name]);
  const answers = answersFor(client, secrets);
  const toSend = judged(sentBy(server, env, answers, context.env), { url }, isInside(path, here.root));
  if (toSend.ok && stale.some((name) => toSend.sent.read.some(({ variable }) => variable === name)))
    if (client.storeWins && stale.some((name) => stored[name] !== undefined))
      show.warn(`${client.store} has another value of ${stale.join(", ")}, which ${client.label} takes.`, [
        toSh(["npx", "create-halo-mcp", "--client", client.id, "--scope", "user"]),
      ]);
    else
      show.warn(`${stale.join(", ")} is exported here with another value, which ${client.label} takes.`, [
        `unset ${stale.join(" ")}`,
      ]);
  return permitted(toSend, where, `look at ${path}`, client);
}

/** The proof of every chosen file but Claude Code's. Two that send the same are tested once. */
async function proveClients(before: Page, { values, choice }: Decided): Promise<readonly ClientProof[]> {
  const page = lookAgain(before);
  const secrets = secretsOf(page.target, values);
  const tested = new Map<string, Diagnosis>();
  const proofs: ClientProof[] = [];
  for (const file of chosenFiles(page.here, choice)) {
    const { client, scope, path } = file;
    if (client === claudeCode) continue;
    const title = `Test as ${client.label} sends it`;
    const sent = sentByFile(page, file, secrets);
    const key = JSON.stringify([sent.url, sent.headers]);
    const known = tested.get(key);
    const files = known ?? (await test(page, sent, title));
    tested.set(key, files);
    const lacks = lacksValues(file, page);
    if (files.ok && lacks)
      page.show.warn(
        `${title}: the values work, but it does not take them from ${printable(labelOf(page.here.paths.env, page.here.root), 100)}.`,
      );
    else if (known !== undefined && files.ok)
      page.show.ok(`${client.label} sends the same: ${printable(labelOf(path, page.here.root), 100)}`);
    else if (!isTold(page, files)) showDiagnosis(page.show, files, title, true);
    const answer = files.ok
      ? await askProgram({ ...page, ...page.here, ...page.options }, file, targetOf(page, values))
      : "not-asked";
    proofs.push({ id: client.id, label: client.label, scope, client: answer, lacks, files });
    if (!files.ok) break;
  }
  return proofs;
}

/** Through Claude Code, then through the other clients. */
export async function proveAll(page: Page, decided: Decided): Promise<Proof | undefined> {
  const claude = await prove(page, decided);
  if (claude?.ok === false) return claude;
  const others = await proveClients(page, decided);
  const last = others.at(-1);
  if (last === undefined) return claude;
  const isDown = ({ files, client }: ClientProof): boolean =>
    !files.ok || client === "failed" || client === "needs-auth";
  return { client: "not-asked", ...claude, files: claude?.files ?? last.files, ok: !others.some(isDown), others };
}
