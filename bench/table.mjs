/** The figures as a Markdown table. */

export const seconds = (value) => (value === undefined ? "" : `${value.toFixed(value < 0.2 ? 3 : 2)} s`);
export const megabytes = (value) => (value === undefined ? "" : `${(value / 1e6).toFixed(0)} MB`);
const times = (ours, theirs) => (ours === undefined || !theirs ? "" : (ours / theirs).toFixed(2));

const isOurs = ({ name }) => name.startsWith("walkit");

/**
 * What a group came to: medians and single runs, in the order of the contestants.
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {string} title
 * @property {number} rounds
 * @property {import("./groups.mjs").Contestant[]} contestants
 * @property {import("./groups.mjs").Run[]} medians
 * @property {import("./groups.mjs").Run[][]} runs
 */

/** @param {Result[]} results */
export function tableOf(results) {
  const lines = ["| | wall | CPU | peak memory | compression |", "|---|--:|--:|--:|--:|"];
  for (const { title, rounds, contestants, medians } of results) {
    lines.push(`| **${title}** (${rounds} run${rounds === 1 ? "" : "s"} each) | | | | |`);
    for (const [i, { wall, cpu, rss, ratio }] of medians.entries()) {
      const cells = [seconds(wall), seconds(cpu), megabytes(rss), ratio?.toFixed(3) ?? ""];
      lines.push(`| ${contestants[i].name} | ${cells.join(" | ")} |`);
    }
    for (const [i, own] of contestants.entries()) {
      for (const [j, their] of contestants.entries()) {
        if (!isHeldAgainst(own, their, i)) continue;
        const figures = their.floor ? ["wall"] : ["wall", "cpu", "rss", "ratio"];
        const cells = figures.map((figure) => times(medians[i][figure], medians[j][figure]));
        lines.push(`| *${own.name} ÷ ${their.name}* | ${cells.join(" | ")} |${their.floor ? " | | |" : ""}`);
      }
    }
  }
  return lines;
}

function isHeldAgainst(own, their, place) {
  if (own.peers) return own.peers.includes(their.id);
  return isOurs(own) && !isOurs(their) && !(their.floor && place > 0);
}

/** @param {ReturnType<typeof import("./targets.mjs").heldAgainst>} targets */
export function targetsTable(targets) {
  const lines = ["| target | figure | bound | met |", "|---|--:|--:|---|"];
  for (const { target, figure, bound, met } of targets) {
    const verdict = met === undefined ? "not measured" : met ? "yes" : "**no**";
    lines.push(`| ${target} | ${figure?.toFixed(3) ?? ""} | ${bound} | ${verdict} |`);
  }
  return lines;
}
