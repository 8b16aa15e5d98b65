import { Typography } from "@mantine/core";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";

const UNDERLINED = { textDecoration: "underline" };

/** Markdown without raw HTML; links leave in a new tab, pictures of other sites are not loaded (the policy forbids it). */
export function Markdown({ text }: { text: string }) {
  return (
    <Typography>
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        components={{
          a: ({ node: _, ...link }) => <a {...link} target="_blank" rel="noopener noreferrer" style={UNDERLINED} />,
        }}
      >
        {text}
      </ReactMarkdown>
    </Typography>
  );
}
