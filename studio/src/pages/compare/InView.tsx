import { type ReactNode, useEffect, useRef, useState } from "react";

const AHEAD = "300px";

/** Makes its content when it first comes near the window; until then a box of its height stands there. */
export function InView({ height, children }: { height: number; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(!("IntersectionObserver" in window));
  useEffect(() => {
    const place = box.current;
    if (isNear || !place) return;
    const watcher = new IntersectionObserver((seen) => setNear(seen.some((one) => one.isIntersecting)), {
      rootMargin: AHEAD,
    });
    watcher.observe(place);
    return () => watcher.disconnect();
  }, [isNear]);
  return (
    <div ref={box} style={{ minHeight: height }}>
      {isNear && children}
    </div>
  );
}
