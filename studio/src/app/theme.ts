import {
  Badge,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  parseThemeColor,
  ScrollArea,
} from "@mantine/core";

const lapis: MantineColorsTuple = [
  "#eef4ff",
  "#dce6f9",
  "#b6caf0",
  "#8dace8",
  "#6b93e1",
  "#5583dd",
  "#3f6fd0",
  "#2f5fbd",
  "#2454a9",
  "#154994",
];

/** Colours, type and sizes of the page; both colour schemes reach a contrast of 4.5 : 1. */
export const theme = createTheme({
  colors: { lapis },
  primaryColor: "lapis",
  primaryShade: { light: 7, dark: 6 },
  variantColorResolver: (input) => {
    const colours = defaultVariantColorsResolver(input);
    const { isThemeColor, color } = parseThemeColor({
      color: input.color ?? input.theme.primaryColor,
      theme: input.theme,
    });
    if (input.variant !== "light" || !isThemeColor) return colours;
    const dark = `color-mix(in srgb, var(--mantine-color-${color}-9) 72%, black)`;
    return { ...colours, color: `light-dark(${dark}, var(--mantine-color-${color}-2))` };
  },
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: "sm",
  fontFamily:
    '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK JP", monospace',
  headings: {
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.15rem" }, h3: { fontSize: "1rem" } },
  },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Badge: Badge.extend({ defaultProps: { tt: "none" } }), // words as they are written, everywhere
    ScrollArea: ScrollArea.extend({ defaultProps: { viewportProps: { tabIndex: 0 } } }), // to be scrolled by keyboard
    // A dialog's head is a <header>, which outside an article would be a second banner of the page.
    Modal: Modal.extend({ defaultProps: { attributes: { header: { role: "presentation" } } } }),
  },
});
