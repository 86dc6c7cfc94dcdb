import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLEAN, check, HALO_FILE, write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;
beforeAll(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
  write(repo.path, {
    ...CLEAN,
    ".mcp.json": HALO_FILE.replace('"${HALO_MCP_TOKEN}"', '"made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1"').replace(
      '    "halo": {',
      '    "docs": { "url": "https://docs.example/mcp?a=1" },\n    "halo": {',
    ),
    "packages/a, b/.mcp.json": '\ufeff{\r\n\t// ours\r\n\t"mcpServers": {}\r\n}\r\n',
    "packages/100%/.mcp.json": '{ "mcpServers": { "x": { "type": "HTTP", "url": "https://x.example" } ',
    ".cursor/mcp.json": HALO_FILE,
    ".env": "HALO_MCP_TOKEN=made.up.value\n",
  });
  repo.git("add", "--all");
});
afterAll(() => scratch.dispose());

describe("a repository with something wrong in most of its files", () => {
  it.each([
    ["text", "report.txt"],
    ["json", "report.json"],
    ["github", "github.txt"],
    ["sarif", "report.sarif"],
  ])("%s is %s", async (format, file) => {
    const { code, stdout } = await check(repo.path, ["--format", format], { ...scratch.env, CI: "1" });
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/Zq7Xw2|made\.up\.value/);
    await expect(stdout).toMatchFileSnapshot(`../golden/check/${file}`);
  });

  it("has summary.md on the page of the job", async () => {
    const page = join(scratch.tmp, "page.md");
    const env = { ...scratch.env, CI: "1", GITHUB_STEP_SUMMARY: page };
    expect((await check(repo.path, ["--format", "github"], env)).code).toBe(1);
    const text = readFileSync(page, "utf8");
    expect(text).not.toMatch(/Zq7Xw2|made\.up\.value/);
    await expect(text).toMatchFileSnapshot("../golden/check/summary.md");
  });
});
