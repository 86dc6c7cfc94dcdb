/** Searches everything that a repository has ever stored for secrets. They stay in this process: git gets none of them. */
import { Cancelled } from "../errors.ts";
import { type GitOptions, run } from "./git.ts";

/** The whole search of one repository; git reads about 100 MB a second. */
const SEARCH_MS = 60_000;
/** More of them do not help: the token has to be deleted anyway. */
const MOST_OBJECTS = 20;

/** `commit`: the id, short; null for an object that no branch or tag reaches. `path`: null for a message. */
export interface Leak {
  readonly commit: string | null;
  readonly path: string | null;
}

/** In: the secrets in every written form. `complete`: false if the time was not enough, or there were too many. */
export async function searchHistory(options: GitOptions, forms: readonly string[]) {
  const words = forms.map((form) => Buffer.from(form));
  const found = new Map<string, string>();
  const read = scanner(words, (id, type) => found.size < MOST_OBJECTS && found.set(id, type));
  const everything = ["cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"];
  const isRead = await unlessLate(run(options, everything, [0], "", SEARCH_MS, read));
  const leaks: Leak[] = [];
  for (const [id, type] of found)
    if (type === "blob") leaks.push(...(await commitsOf(options, id)));
    else leaks.push({ commit: id.slice(0, 12), path: null });
  return { complete: isRead !== undefined && found.size < MOST_OBJECTS, leaks };
}

async function unlessLate<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof Cancelled) throw error;
    return undefined;
  });
}

/** The commits that added or removed a content, each with its paths. */
async function commitsOf(options: GitOptions, id: string): Promise<readonly Leak[]> {
  const plain = ["--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-color", "-m", "--name-only"];
  const argv = ["-c", "core.quotePath=false", "log", "--all", ...plain, "--format=%x00%H%x00", `--find-object=${id}`];
  const answer = await unlessLate(run(options, argv, [0], "", SEARCH_MS));
  const [, ...parts] = answer?.stdout.split("\0") ?? [];
  const leaks = parts.flatMap((commit, at) => {
    const paths = at % 2 === 0 ? (parts[at + 1] ?? "").split("\n").filter((path) => path !== "") : [];
    return paths.map((path) => ({ commit: commit.slice(0, 12), path }));
  });
  return leaks.length > 0 ? leaks : [{ commit: null, path: null }];
}

/** Reads the output of `git cat-file --batch` piece by piece: a line with id, type and size, the content, a line break. */
function scanner(words: readonly Buffer[], onFound: (id: string, type: string) => void) {
  const overlap = Math.max(...words.map(({ length }) => length)) - 1;
  let [head, left, id, type] = ["", 0, "", ""];
  let tail = Buffer.alloc(0);
  return (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const end = chunk.indexOf("\n", at);
        head += chunk.toString("latin1", at, end < 0 ? chunk.length : end);
        if (end < 0) return;
        const [first = "", kind = "", size] = head.split(" ");
        // of an object that is missing there is no content
        [id, type, left, head] = [first, kind, size === undefined ? 0 : Number(size) + 1, ""];
        tail = Buffer.alloc(0);
        at = end + 1;
        continue;
      }
      const part = chunk.subarray(at, at + left);
      const text = tail.length === 0 ? part : Buffer.concat([tail, part]);
      if (type !== "tree" && words.some((word) => text.includes(word))) onFound(id, type);
      tail = Buffer.from(text.subarray(Math.max(0, text.length - overlap)));
      left -= part.length;
      at += part.length;
    }
  };
}
