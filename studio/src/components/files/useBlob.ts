import { useEffect, useState } from "react";

/** Gives an address for bytes within the page; null until it is made. The type is ours, never the file's. */
export function useBlob(data: Uint8Array<ArrayBuffer> | undefined, type: string): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(new Blob([data], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [data, type]);
  return address;
}
