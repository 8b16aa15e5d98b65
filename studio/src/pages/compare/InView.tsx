import { type ReactNode, useEffect, useRef, useState } from "react";

const AHEAD = "300px";
const LATER_MS = 200;

/** Makes its content when it comes into the window, or a while after it came near; until then a box stands there. */
export function InView({ height, children }: { height: number; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(!("IntersectionObserver" in window));
  useEffect(() => {
    const place = box.current;
    if (isNear || !place) return;
    let timer = 0;
    const make = () => setNear(true);
    const watcher = new IntersectionObserver(
      (seen) => {
        const near = seen.find((one) => one.isIntersecting);
        if (near && near.boundingClientRect.top < window.innerHeight) make();
        else if (near && timer === 0) timer = window.setTimeout(make, LATER_MS);
      },
      { rootMargin: AHEAD, threshold: [0, 0.01] },
    );
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      window.clearTimeout(timer);
    };
  }, [isNear]);
  return (
    <div ref={box} style={{ minHeight: height }}>
      {isNear && children}
    </div>
  );
}
