/** Runs a command where loopback is the only network, so that no test can reach anything else. Linux, where allowed. */
import { spawnSync } from "node:child_process";

/** Brings loopback up without `ip`: SIOCGIFFLAGS, then SIOCSIFFLAGS with IFF_UP. */
const python = [
  "import fcntl,socket,struct",
  "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)",
  "r=fcntl.ioctl(s,0x8913,struct.pack('16sh14x',b'lo',0))",
  "fcntl.ioctl(s,0x8914,struct.pack('16sh14x',b'lo',struct.unpack('16sh14x',r)[1]|1))",
].join(";");
const up = `{ ip link set lo up || python3 -c "${python}"; } 2>/dev/null`;

/**
 * The same command in a network of its own, or the command itself, with a word on stderr, where that cannot be had.
 * Servers that the command is to reach must be started inside it.
 */
export function inNamespace(argv) {
  for (const flags of ["-n", "-rn"]) {
    const wrapped = (inner) => ["unshare", flags, "sh", "-c", `${up} && exec "$@"`, "sh", ...inner];
    const [file, ...args] = wrapped(["true"]);
    if (spawnSync(file, args, { stdio: "ignore", timeout: 10_000 }).status === 0) return wrapped(argv);
  }
  process.stderr.write("loopback: no network namespace here, so nothing but the tests themselves keeps to loopback\n");
  return argv;
}
