import type { Ask } from "../core/clients/model.ts";
import type { ExecOptions } from "./programs.ts";
export async function askClient(
  _question: {
    path: string;
    ask: Ask;
    name: string;
    text: string;
    variables: Readonly<Record<string, string>>;
    timeoutMs: number;
  },
  _surroundings: Pick<ExecOptions, "cwd" | "env" | "signal">,
): Promise<{ status: "connected" | "failed" | "needs-auth" | "unknown"; httpStatus?: number } | undefined> {
  return undefined;
}
