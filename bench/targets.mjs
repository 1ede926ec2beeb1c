/**
 * What the figures are meant to come to, beside the programs that walkit is compared with on the same machine. A report,
 * never a failure: machines are noisy.
 */

/**
 * A target on one figure of contestant `own` beside the same of contestant `peer`, of the same group. `atMost` and `above`
 * bound own ÷ peer; `timesAsFast` bounds peer ÷ own from below.
 *
 * @typedef {{ group: string, target: string, own: string, peer: string, figure: "wall" | "cpu" | "rss" | "ratio",
 *   atMost?: number, above?: number, timesAsFast?: number }} Target
 */

/** @type {Target[]} */
const TARGETS = [
  ...beside("restore", "restore ÷ Litestream's", "restore", { wall: 0.35, cpu: 0.6, rss: 0.6 }),
  ...beside("restore", "verify --level replay ÷ Litestream's restore", "replay", { wall: 0.35 }),
  ...beside("many", "many segments: restore ÷ Litestream's", "restore", { wall: 0.25 }),
  ...beside("many", "many segments: verify --level replay ÷ Litestream's restore", "replay", { wall: 0.25 }),
  ...beside("ltx", "LTX files: restore ÷ Litestream's", "restore", { wall: 0.35, rss: 0.6 }),
  ...beside("ltx", "LTX files: verify --level replay ÷ Litestream's restore", "replay", { wall: 0.35 }),
  ...asFast("decode", "LZ4 decode, file to nowhere", { lz4: 1.5, lz4js: 3.5 }),
  ...asFast("decode-memory", "LZ4 decode, the codec alone", { lz4js: 3.5 }),
  ...asFast("encode", "LZ4 encode, file to nowhere", { lz4js: 3 }),
  ...asFast("encode-memory", "LZ4 encode, the codec alone", { lz4js: 3 }),
  {
    group: "encode",
    target: "LZ4 encode: compression ÷ lz4js's",
    own: "walkit",
    peer: "lz4js",
    figure: "ratio",
    above: 1,
  },
  {
    group: "start-up",
    target: "walkit --version ÷ node -e 0: wall",
    own: "version",
    peer: "node",
    figure: "wall",
    atMost: 1.5,
  },
  ...grows("restore"),
  ...grows("replay", "verify --level replay"),
];

/** @returns {Target[]} */
function beside(group, what, own, bounds) {
  const names = { wall: "wall", cpu: "CPU", rss: "peak memory" };
  return Object.entries(bounds).map(([figure, atMost]) => ({
    group,
    target: `${what}: ${names[figure]}`,
    own,
    peer: "litestream",
    figure,
    atMost,
  }));
}

/** @returns {Target[]} */
function asFast(group, what, bounds) {
  return Object.entries(bounds).map(([peer, timesAsFast]) => ({
    group,
    target: `${what}: times as fast as ${peer}`,
    own: "walkit",
    peer,
    figure: "wall",
    timesAsFast,
  }));
}

/** @returns {Target[]} */
function grows(own, name = own) {
  const pair = { group: "scale", own: `${own}-larger`, peer: own };
  return [
    { ...pair, target: `4 times the data, ${name}: wall`, figure: "wall", atMost: 4.2 },
    { ...pair, target: `4 times the data, ${name}: peak memory`, figure: "rss", atMost: 1.1 },
  ];
}

/**
 * The targets of the groups that were measured. `figure` and `met` are undefined where a peer is missing.
 *
 * @param {import("./table.mjs").Result[]} results
 * @returns {{ target: string, figure: number | undefined, bound: string, met: boolean | undefined }[]}
 */
export function heldAgainst(results) {
  return TARGETS.flatMap(({ group, target, own, peer, figure: name, atMost, above, timesAsFast }) => {
    const result = results.find((each) => each.name === group);
    if (!result) return [];
    const of = (id) => result.medians[result.contestants.findIndex((each) => each.id === id)]?.[name];
    const [ours, theirs] = [of(own), of(peer)];
    const figure = !ours || !theirs ? undefined : timesAsFast === undefined ? ours / theirs : theirs / ours;
    const [bound, holds] =
      atMost !== undefined
        ? [`≤ ${atMost}`, figure <= atMost]
        : above !== undefined
          ? [`> ${above}`, figure > above]
          : [`≥ ${timesAsFast}`, figure >= timesAsFast];
    return [{ target, figure, bound, met: figure === undefined ? undefined : holds }];
  });
}
