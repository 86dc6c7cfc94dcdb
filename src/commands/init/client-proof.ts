/** The proof through each client: what its file makes it send, tested from here, then its own program. */
import { claudeCode, type Sent } from "../../core/clients/claude-code.ts";
import { storeOf } from "../../core/clients/paths.ts";
import { answersFor, seenBy, sentBy } from "../../core/clients/sent.ts";
import { toSh } from "../../core/command-line.ts";
import { judged } from "../../core/connection.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { secretsOf } from "../../core/plan/install.ts";
import type { Secrets } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { isInside } from "../../io/read.ts";
import { askProgram } from "../shared/ask-program.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type ClientHere, chosenFiles, shortPath } from "../shared/client-files.ts";
import { targetOf } from "./clients.ts";
import { lacksValues } from "./ending.ts";
import { command } from "./repeat.ts";
import { type Decided, lookAgain, type Page } from "./survey.ts";
import {
  type ClientProof,
  isTold,
  type Proof,
  permitted,
  prove,
  showDiagnosis,
  type Tested,
  testOnce,
} from "./test.ts";

/** What the file makes the client send. Throws Refusal if it is not what was agreed to. */
function sentByFile(page: Page, file: ClientHere, secrets: Secrets): Sent {
  const { target, url, here, show, context } = page;
  const { client, found, path, scope } = file;
  const where = labelOf(path, here.root);
  const server = found.find(({ entry }) => entry.name === target.name)?.server;
  if (server === undefined)
    throw new Refusal(
      `${where}: the entry "${target.name}" is missing when the file is read again`,
      { hint: "npx create-halo-mcp check" },
      "proof-failed",
    );
  const stored = Object.fromEntries(dotenvOf(here.snapshot.get(storeOf(client, context) ?? "")));
  const env = seenBy(client, context.env, scope === "project" ? Object.fromEntries(here.dotenv) : {}, stored);
  const stale = Object.keys(secrets).filter((name) => env[name] !== undefined && env[name] !== secrets[name]);
  const answers = answersFor(client, secrets);
  const toSend = judged(sentBy(server, env, answers, context.env), { url }, isInside(path, here.root));
  if (toSend.ok && toSend.sent.read.some(({ variable }) => stale.includes(variable))) {
    const isStored = client.storeWins === true && stale.some((name) => stored[name] !== undefined);
    show.warn(
      `${isStored ? client.store : "This shell"} has another value of ${stale.join(", ")}, which ${client.label} takes.`,
      [isStored ? command(["--client", client.id, "--scope", "user"]) : toSh(["unset", ...stale])],
    );
  }
  return permitted(toSend, where, `look at ${path}`, client);
}

/** The proof of every chosen file but Claude Code's, a line each. Of one that lacks its values the end of the run says more. */
async function proveClients(
  before: Page,
  { values, choice }: Decided,
  tested: Tested,
): Promise<readonly ClientProof[]> {
  const page = lookAgain(before);
  const secrets = secretsOf(page.target, values);
  const proofs: ClientProof[] = [];
  for (const file of chosenFiles(page.here, choice)) {
    const { client, scope, path } = file;
    if (client === claudeCode) continue;
    const lacks = lacksValues(file, page);
    const title = lacks ? "Test with your values" : `Test as ${client.label} sends it`;
    const { files, isKnown } = await testOnce(page, sentByFile(page, file, secrets), title, tested);
    const answer = files.ok
      ? await askProgram({ ...page, ...page.here, ...page.options }, file, targetOf(page, values))
      : "not-asked";
    const shown = printable(shortPath(labelOf(path, page.here.root), page.context), 100);
    if (files.ok && isKnown) {
      if (answer === "not-asked" && !lacks) page.show.ok(`${client.label} sends the same: ${shown}`, [], true);
    } else if (!isTold(page, files)) showDiagnosis(page.show, files, title, true);
    proofs.push({ id: client.id, label: client.label, scope, client: answer, lacks, files });
    if (!files.ok) break;
  }
  return proofs;
}

/** Through Claude Code, then through the other clients. */
export async function proveAll(page: Page, decided: Decided): Promise<Proof | undefined> {
  const tested: Tested = new Map();
  const claude = await prove(page, decided, tested);
  if (claude?.ok === false) return claude;
  const others = await proveClients(page, decided, tested);
  const last = others.at(-1);
  if (last === undefined) return claude;
  const isDown = ({ files, client }: ClientProof): boolean =>
    !files.ok || client === "failed" || client === "needs-auth";
  return { client: "not-asked", ...claude, files: claude?.files ?? last.files, ok: !others.some(isDown), others };
}
