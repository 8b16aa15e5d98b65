/** Something that a document says beside its name: `account_name`, `bucket`, … */
export interface Field {
  key: string;
  isRequired?: boolean;
  isNumber?: boolean;
  placeholder?: string;
}

/** A part of credentials. */
export interface CredentialField {
  key: string;
  /** It is kept encrypted and never given back. */
  isSecret?: boolean;
  isOptional?: boolean;
  /** It has many lines. */
  isLong?: boolean;
  /** It is a list of names and secrets. */
  isMapping?: boolean;
}

/** A type of datastore or connection: what it asks for. */
export interface AccessKind {
  type: string;
  label: string;
  fields: Field[];
  /** Types of credentials, the usual one first. */
  ways: string[];
}

/** What can be made: types, and what each type of credentials asks for. */
export interface Access {
  kinds: AccessKind[];
  ways: Record<string, CredentialField[]>;
  /** Whether the document's credentials say their type. */
  saysWay: boolean;
  /** Whether a document may hold further facts under `metadata`. */
  hasMetadata?: boolean;
}

/** What stands for a secret in what the server gives; given back, the secret stays as it is. */
export const MASK = "***";
