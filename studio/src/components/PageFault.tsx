import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { ErrorBox } from "@/components/ErrorBox";
import { PageHeader } from "@/components/PageHeader";

/** Stands in the place of a whole page that could not be fetched; what is not there needs no further try. */
export function PageFault({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation();
  const isMissing = error instanceof ApiError && error.code === "NotFound";
  return (
    <>
      <PageHeader title={t(isMissing ? "notFound.title" : "error.plain")} />
      <ErrorBox error={error} retry={isMissing ? undefined : retry} />
    </>
  );
}
