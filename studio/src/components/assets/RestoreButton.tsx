import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ErrorBox } from "@/components/ErrorBox";

/** Brings back what was archived; a refusal is shown. */
export function RestoreButton({ act }: { act: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const work = useMutation({ mutationFn: act });
  return (
    <>
      <Button size="xs" variant="default" loading={work.isPending} onClick={() => work.mutate()}>
        {t("restore")}
      </Button>
      {work.error && <ErrorBox error={work.error} />}
    </>
  );
}
