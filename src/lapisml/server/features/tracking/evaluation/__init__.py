"""What applications are judged by: data sets of examples, and scorers."""
