import { describe, expect, test } from "vitest";
import { type Folder, projectOf } from "../../src/core/clients/claude-project.ts";

/**
 * What Claude Code 2.1.332 does in each layout, measured 2026-11-29: with a file of each kind in every folder, which values
 * and approvals came, under which key `claude mcp add -s local` wrote, and for which trusted folder no dialog came up.
 */
const HOME = "/home/ada";
const W = `${HOME}/w`;

const folder = (path: string, gitRoot?: string, main?: string, isCheckout = true): Folder => {
  const parts = path.split("/").slice(1);
  const folders = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`);
  const above = [...folders, "/"] as unknown as Folder["above"];
  return { above, gitRoot, main: main === undefined ? undefined : { folder: main, isCheckout }, home: HOME };
};

type Row = readonly [what: string, at: Folder, key: string, trusting: readonly string[], local: readonly string[]];

const ROOT = `${W}/shop`;
const LIN = `${W}/lin`;
const plain = folder(`${W}/plain/sub`);

const rows: readonly Row[] = [
  ["no repository", plain, `${W}/plain/sub`, plain.above, [`${W}/plain/sub`]],
  ["the git root", folder(ROOT, ROOT), ROOT, [ROOT], [ROOT]],
  ["below it", folder(`${ROOT}/a/b`, ROOT), ROOT, [`${ROOT}/a/b`, `${ROOT}/a`, ROOT], [`${ROOT}/a/b`, ROOT]],
  ["a linked worktree", folder(LIN, LIN, ROOT), ROOT, [LIN, ROOT], [LIN, ROOT]],
  ["below it: its root is not read", folder(`${LIN}/a`, LIN, ROOT), ROOT, [`${LIN}/a`, LIN, ROOT], [`${LIN}/a`, ROOT]],
  [
    "inside the main checkout",
    folder(`${ROOT}/.wt/x`, `${ROOT}/.wt/x`, ROOT),
    ROOT,
    [`${ROOT}/.wt/x`, ROOT],
    [`${ROOT}/.wt/x`, ROOT],
  ],
  ["of a bare repository", folder(LIN, LIN, `${W}/shop.git`, false), `${W}/shop.git`, [LIN, `${W}/shop.git`], [LIN]],
  [
    "below that",
    folder(`${LIN}/a`, LIN, `${W}/shop.git`, false),
    `${W}/shop.git`,
    [`${LIN}/a`, LIN, `${W}/shop.git`],
    [`${LIN}/a`],
  ],
  [
    "a repository or submodule in another one",
    folder(`${ROOT}/libs/in`, `${ROOT}/libs/in`),
    `${ROOT}/libs/in`,
    [`${ROOT}/libs/in`],
    [`${ROOT}/libs/in`],
  ],
  ["home is a repository", folder(`${W}/notes`, HOME), HOME, [`${W}/notes`, W, HOME], [`${W}/notes`]],
  ["home itself, as a repository", folder(HOME, HOME), HOME, [HOME], [HOME]],
  ["a worktree of home", folder(LIN, LIN, HOME), HOME, [LIN, HOME], [LIN]],
];

describe("the project of a folder", () => {
  test.each(rows)("%s", (_, at, key, trusting, local) => {
    const project = projectOf(at, "2.1.332");
    expect([project.key, project.trusting, project.local]).toEqual([key, trusting, local]);
    expect(projectOf(at)).toEqual(project);
    // 2.1.197: no other settings.local.json than the folder's own, trust of every folder above
    const old = projectOf(at, "2.1.197");
    expect([old.key, old.local]).toEqual([key, [at.above[0]]]);
    expect(old.trusting).toEqual(at.main === undefined ? at.above : [...at.above, at.main.folder]);
    // outside a repository, trust of a folder above spares the dialog, and approves nothing
    for (const each of [project, old])
      expect(each.approving).toEqual(at.gitRoot === undefined ? [at.above[0]] : each.trusting);
  });

  test.each<[string, Folder, string, string]>([
    ["the git root", folder(ROOT, ROOT), ROOT, ROOT],
    ["below it: other folders may have other values", folder(`${ROOT}/a`, ROOT), ROOT, `${ROOT}/a`],
    ["a linked worktree: one copy for all", folder(LIN, LIN, ROOT), LIN, ROOT],
    ["of a bare repository", folder(LIN, LIN, `${W}/shop.git`, false), LIN, LIN],
    ["home is a repository: not its root", folder(`${W}/notes`, HOME), `${W}/notes`, `${W}/notes`],
  ])("where the wizard writes: %s", (_, at, root, bridge) => {
    expect(projectOf(at)).toMatchObject({ root, bridge });
    expect(projectOf(at, "2.1.197").bridge).toBe(at.above[0]);
  });

  test.each([
    ["2.1.196", true],
    ["2.1.197", true],
    ["2.1.198", false],
    ["1.9.999", true],
    ["3.0.0", false],
  ])("%s behaves as 2.1.197: %s", (version, isSo) => {
    expect(projectOf(folder(`${ROOT}/a`, ROOT), version).local.length === 1).toBe(isSo);
  });
});
