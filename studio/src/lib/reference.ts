/** Where an address within a document leads, as parts of a page's address; null when no page shows it. */
export function placeOf(
  reference: string,
  kind: "data" | "models" | "environments" | "components" = "data",
): string[] | null {
  const job = /^azureml:\/\/(?:.*\/)?jobs\/([^/]+)(?:\/|$)/.exec(reference);
  if (job?.[1]) return ["jobs", job[1]];
  const run = /^runs:\/+([^/]+)/.exec(reference);
  if (run?.[1]) return ["jobs", run[1]];
  const long = /^azureml:\/\/(?:.*\/)?(data|models|environments|components)\/([^/]+)\/versions\/([^/]+)$/.exec(
    reference,
  );
  if (long?.[1] && long[2] && long[3]) return reference.includes("/registries/") ? null : [long[1], long[2], long[3]];
  const short = /^azureml:([^:/@]+):([^:/@]+)$/.exec(reference);
  if (short?.[1] && short[2]) return [kind, short[1], short[2]];
  const labelled = /^azureml:([^:/@]+)(?:@[^:/@]+)?$/.exec(reference);
  return labelled?.[1] ? [kind, labelled[1]] : null;
}
