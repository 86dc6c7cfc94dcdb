import { transcripts } from "../e2e/transcripts.ts";

transcripts({ isHere: true });
