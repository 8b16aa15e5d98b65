/** Who answers which share of the requests: name of the deployment → percent. */
export type Shares = Record<string, number>;

/** Sets one share and lets the others make room, each in proportion to what it has, so that the sum stays 100. */
export function rebalance(shares: Shares, name: string, value: number): Shares {
  const others = Object.keys(shares).filter((one) => one !== name);
  const wanted = Math.min(100, Math.max(0, Math.round(value)));
  if (others.length === 0) return { [name]: wanted >= 50 ? 100 : 0 };
  const rest = 100 - wanted;
  const before = sum(shares) - (shares[name] ?? 0);
  const exact = others.map((one) => (before > 0 ? (rest * (shares[one] ?? 0)) / before : rest / others.length));
  const given = exact.map(Math.floor);
  const byRemainder = others.map((_, index) => index).sort((a, b) => remainder(exact, b) - remainder(exact, a));
  let left = rest - given.reduce((total, one) => total + one, 0);
  for (const index of byRemainder) {
    if (left <= 0) break;
    given[index] = (given[index] ?? 0) + 1;
    left -= 1;
  }
  const made = Object.fromEntries(others.map((one, index) => [one, given[index] ?? 0]));
  return Object.fromEntries(Object.keys(shares).map((one) => [one, one === name ? wanted : (made[one] ?? 0)]));
}

/** The shares of all deployments, those that have none too; a deployment that is gone is left out. */
export function sharesOf(names: string[], traffic: Shares): Shares {
  return Object.fromEntries(names.map((name) => [name, traffic[name] ?? 0]));
}

/** The sum, 100 or 0 when it is whole. */
export function sum(shares: Shares): number {
  return Object.values(shares).reduce((total, one) => total + one, 0);
}

function remainder(exact: number[], index: number): number {
  const value = exact[index] ?? 0;
  return value - Math.floor(value);
}
