import { useCallback } from "react";
import { useSearchParams } from "react-router";

/**
 * A piece of the page's state that stands in its address, so that the page can be shared as it is seen.
 *
 * @param name the parameter's name.
 * @param initial the value that is left out of the address.
 * @param push makes a step in the history (tabs, selections); else the address is replaced (typing, sorting).
 */
export function useAddressState(name: string, initial: string, push = false): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (value: string) => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === initial) after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: !push },
      );
    },
    [name, initial, push, setParams],
  );
  return [params.get(name) ?? initial, set];
}
