import { Button, Collapse, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { CodeView } from "@/components/code/CodeView";

/** The endpoint's description in the form of Swagger, folded away at first. */
export function Description({ document }: { document: Record<string, unknown> }) {
  const { t } = useTranslation("endpoints");
  const [isOpen, { toggle }] = useDisclosure();
  return (
    <Stack gap="xs" align="stretch">
      <Button size="xs" variant="default" onClick={toggle} aria-expanded={isOpen} style={{ alignSelf: "start" }}>
        {t("consume.showDescription")}
      </Button>
      <Collapse expanded={isOpen}>
        {isOpen && (
          <CodeView text={JSON.stringify(document, null, 2)} name="swagger.json" label={t("consume.description")} />
        )}
      </Collapse>
    </Stack>
  );
}
