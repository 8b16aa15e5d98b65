import type { en } from "@/locales/en";

type Texts<T> = { [Key in keyof T]: T[Key] extends string ? string : Texts<T[Key]> };

/** What another language has to say: every key of the English texts, and no other. */
export type Messages = Texts<typeof en>;
