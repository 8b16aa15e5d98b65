/** Texts of the page on which a new job is written. */
export const submit = {
  title: "New job",
  resubmit: "Resubmit {{name}}",
  editor: "The job's document in YAML",
  keys: "Ctrl+Space completes; Escape, then Tab leaves the editor.",
  submit: "Submit job",
  template: { label: "Begin with", command: "Command", sweep: "Sweep", pipeline: "Pipeline" },
  check: {
    good: "The document is good",
    problems_one: "{{count}} problem",
    problems_other: "{{count}} problems",
    line: "Line {{line}}",
    warnings: "Accepted, but without effect here",
  },
  uploads: {
    title: "Files of this machine",
    text: "The document names what lies beside it. Show where it is, and it is sent.",
    folder: "Choose folder",
    file: "Choose file",
    sending: "Sending the files",
    done_one: "{{count}} file was sent",
    done_other: "{{count}} files were sent",
    first: "Choose the files that the document names first.",
    noDigests:
      "This browser can't send files here: it needs HTTPS, or the server's own machine. `lapis job create -f job.yml` sends them too.",
  },
};
