/** Smooths a curve by an exponential moving average without bias at its beginning; gaps stay gaps.
 *
 * @param weight from 0 (as it is) to below 1.
 */
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return values;
  let mean = 0;
  let seen = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = mean * weight + (1 - weight) * value;
    seen += 1;
    return mean / (1 - weight ** seen);
  });
}
