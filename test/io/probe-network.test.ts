/** Proxies and certificates on this Node; test/e2e/network.test.ts has the others. */
import { networkSuite } from "../support/network-suite.ts";

networkSuite(process.execPath);
