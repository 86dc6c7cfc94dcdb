import { expect, it } from "vitest";
import { isUnfitToShow } from "../../src/core/check/secret-judge.ts";
import { ATTACK_FILES, ATTACKS, INNOCENT } from "../support/attacks.ts";
import { findingsOf, HALO_RULES } from "../support/subject.ts";

const ROUNDS = 4;

/** What is said of the secrets of a file. */
const said = (path: string, text: string): readonly string[] =>
  findingsOf(HALO_RULES, { [path]: text }, { allowMissing: true, local: true })
    .filter(({ rule }) => rule === "committed-secret" || rule === "env-example-secret")
    .map(({ args }) => JSON.stringify(args));
const fileOf = (server: unknown): string => JSON.stringify({ mcpServers: { it: server } });
const drawnIn = (text: string): readonly string[] =>
  (text.slice(-4000).match(/[A-Za-z0-9]{12,}/g) ?? []).filter(isUnfitToShow);

it("sees a secret however it is dressed, and prints none", () => {
  const missed: string[] = [];
  let tried = 0;
  const attempt = (title: string, path: string, text: string): void => {
    tried += 1;
    const found = said(path, text);
    if (found.length === 0) missed.push(`${title}: ${text.slice(0, 200)}`);
    for (const word of drawnIn(text)) expect(found.join("\n"), title).not.toContain(word);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [title, server] of ATTACKS) attempt(title, ".mcp.json", fileOf(server(round)));
    for (const [title, path, text] of ATTACK_FILES) attempt(title, path, text(round));
  }
  console.info(`false negatives: ${missed.length} of ${tried} secrets in disguise`);
  expect(missed).toEqual([]);
});

it("is silent on what only looks like one", () => {
  const cries: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [title, server] of INNOCENT)
      cries.push(
        ...said(".mcp.json", fileOf(server(round))).map((each) => `${title}: ${fileOf(server(round))} ${each}`),
      );
  console.info(`false positives: ${cries.length} in ${ROUNDS * INNOCENT.length} values that only look like secrets`);
  expect(cries).toEqual([]);
});
