/** Proxies and certificates on every other Node that is supported; test/io/probe-network.test.ts has this one. */
import { nodeBinary } from "../support/claude.ts";
import { networkSuite } from "../support/network-suite.ts";

for (const major of [22, 24, 26] as const) networkSuite(nodeBinary(major));
