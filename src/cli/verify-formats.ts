/** What `walkit verify` says for monitoring: Prometheus' text format, and a line for Nagios and what took over its conventions. */

import type { WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { parseTime } from "../time.ts";
import type { Level, VerifyReport } from "../verify/index.ts";
import { isTxid } from "../words/remedies.ts";
import { count, formatAge, printable } from "./text.ts";

/** A replica that was checked, or could not be. */
export interface Checked {
  /** As it was given. */
  location: string;
  report: VerifyReport | undefined;
  /** Why there is no report. */
  error: WalkitError | undefined;
  /** When the check began, in nanoseconds since 1970, and how many seconds it took. */
  began: bigint;
  seconds: number;
  /** Seconds; undefined: any. */
  maxAge: number | undefined;
}

/** What the checks of each level found, where that is nothing. */
export const FOUND: Readonly<Record<Level, string>> = {
  names: "nothing is missing by its name",
  frames: "every file is whole and nothing is missing",
  replay: "no damage found",
  integrity: "no damage found",
};

/** The worst comes first. */
export const VERDICTS = ["damaged", "inconclusive", "stale", "ok"] as const;
type Verdict = (typeof VERDICTS)[number];

/** A replica that could not be checked may be good or not. */
export const verdictOf = ({ report }: Pick<Checked, "report">): Verdict => report?.status ?? "inconclusive";

/** What is said of one replica: the samples of a metric, each with labels of its own. */
type Samples = [labels: Readonly<Record<string, string>>, value: number | undefined][];

interface Metric {
  name: string;
  help: string;
  samples: (checked: Checked) => Samples;
}

const one = (value: number | undefined): Samples => [[{}, value]];

/** Since 1970. Undefined for a time that is none. */
function secondsOf(time: string | undefined): number | undefined {
  try {
    return time === undefined ? undefined : Number(parseTime(time) / 1_000_000n) / 1000;
  } catch {
    return undefined;
  }
}

/** The range of moments that ends with the newest state. */
function newestRange({ newestState, generations }: VerifyReport) {
  const branch = generations.find(({ generation }) => generation === newestState?.generation);
  return branch?.restorable.at(-1);
}

/** How many findings there are of each code. */
function byCode(findings: readonly Finding[]): Samples {
  const counts = new Map<string, { finding: Finding; n: number }>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.severity}`;
    const known = counts.get(key);
    if (known) known.n++;
    else counts.set(key, { finding, n: 1 });
  }
  return [...counts.values()].map(({ finding: { code, severity }, n }) => [{ code, severity }, n]);
}

const METRICS: readonly Metric[] = [
  {
    name: "status",
    help: "The verdict: 1 for the one that it is, 0 for the others.",
    samples: (checked) => VERDICTS.map((status) => [{ status }, Number(status === verdictOf(checked))]),
  },
  {
    name: "check_timestamp_seconds",
    help: "When the check began.",
    samples: ({ began }) => one(Number(began / 1_000_000n) / 1000),
  },
  {
    name: "check_duration_seconds",
    help: "How long the check took.",
    samples: ({ seconds }) => one(seconds),
  },
  {
    name: "newest_timestamp_seconds",
    help: "When the newest state that can be restored was written.",
    samples: ({ report }) => one(secondsOf(report?.newestState?.time)),
  },
  {
    name: "age_seconds",
    help: "How old the newest state that can be restored was when the check began.",
    samples: ({ report }) => one(report?.newestState?.age),
  },
  {
    name: "max_age_seconds",
    help: "How old it may be.",
    samples: ({ maxAge }) => one(maxAge),
  },
  {
    name: "newest_txid",
    help: "TXID of the newest state that can be restored, of LTX files.",
    samples: ({ report }) => {
      const position = report?.newestState?.position;
      return one(position !== undefined && isTxid(position) ? Number.parseInt(position, 16) : undefined);
    },
  },
  {
    name: "restorable_from_timestamp_seconds",
    help: "The first moment from which everything up to the newest state can be restored.",
    samples: ({ report }) => one(report && secondsOf(newestRange(report)?.fromTime)),
  },
  {
    name: "bytes",
    help: "Size of all files of the replica.",
    samples: ({ report }) => one(report && sum(report.generations.map(({ bytes }) => bytes))),
  },
  {
    name: "findings",
    help: "What was found, by code: walkit's docs/findings.md.",
    samples: ({ report, error }) =>
      report ? byCode(report.findings) : [[{ code: error!.code, severity: "inconclusive" }, 1]],
  },
];

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce(
    (total, value) => (total === undefined || value === undefined ? undefined : total + value),
    0,
  );
}

/**
 * Prometheus' text format, for the textfile collector of its node exporter. What is not known has no sample. Labels are the replica
 * as it was given, and words of which there are few.
 */
export function prometheusText(all: readonly Checked[]): string {
  const lines: string[] = [];
  for (const { name, help, samples } of METRICS) {
    const own = all.flatMap((checked) =>
      samples(checked).flatMap(([labels, value]) =>
        value === undefined || !Number.isFinite(value)
          ? []
          : [`walkit_replica_${name}{${labelsText({ replica: checked.location, ...labels })}} ${value}`],
      ),
    );
    if (own.length === 0) continue;
    lines.push(`# HELP walkit_replica_${name} ${help}`, `# TYPE walkit_replica_${name} gauge`, ...own);
  }
  return `${lines.join("\n")}\n`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${printable(value).replace(/[\\"]/g, "\\$&")}"`)
    .join(",");
}

/** The exit codes of Nagios' plugins. */
export const NAGIOS_EXIT: Readonly<Record<Verdict, number>> = {
  ok: 0,
  stale: 1,
  damaged: 2,
  inconclusive: 3,
};
const NAGIOS_WORD: Readonly<Record<Verdict, string>> = {
  ...{ ok: "OK", stale: "WARNING", damaged: "CRITICAL", inconclusive: "UNKNOWN" },
};

/** One line, as Nagios' plugins print it: a word, what is so, and behind a bar what can be drawn over time. */
export function nagiosLine(checked: Checked): string {
  const { report, location, seconds, maxAge } = checked;
  const status = verdictOf(checked);
  const parts = [`${location}: ${nagiosText(checked)}`];
  const newest = report?.newestState;
  if (newest?.time !== undefined && newest.age !== undefined)
    parts.push(`newest state of ${newest.time}${newest.age < 0 ? "" : `, ${formatAge(newest.age)} ago`}`);
  const text = `WALKIT ${NAGIOS_WORD[status]} - ${parts.join("; ")}`;
  const bytes = report && sum(report.generations.map((one) => one.bytes));
  const data = [
    newest?.age === undefined ? undefined : `age=${Math.round(newest.age)}s;${maxAge ?? ""}`,
    bytes === undefined ? undefined : `bytes=${bytes}B`,
    report && `findings=${report.findings.filter(({ severity }) => severity !== "info").length}`,
    `time=${seconds.toFixed(3)}s`,
  ].filter((item) => item !== undefined);
  // A bar ends the text.
  return `${printable(text).replaceAll("|", "/")} | ${data.join(" ")}`;
}

function nagiosText(checked: Checked): string {
  const { report, error } = checked;
  if (!report) return error!.message;
  const { status, level, findings } = report;
  const grave = findings.filter(({ severity }) => severity === "damage" || severity === "inconclusive");
  const [first, ...others] = grave;
  if (first) return first.message + (others.length > 0 ? ` (and ${others.length} more)` : "");
  if (status === "stale") return `${FOUND[level]}, but the newest state that can be restored is too old`;
  const warnings = findings.filter(({ severity }) => severity === "warning").length;
  return `${FOUND[level]}${warnings > 0 ? `, with ${count(warnings, "warning")}` : ""}`;
}
