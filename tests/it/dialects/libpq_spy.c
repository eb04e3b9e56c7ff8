/*
 * Takes the place of libpq: its functions that connect say what a driver gave to them, and do not connect. Everything else
 * is libpq's own. For each setting a line: the keyword, a blank, and the value in hexadecimal.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *keyword;
  char *envvar;
  char *compiled;
  char *val;
  char *label;
  char *dispchar;
  int dispsize;
} Option;

Option *PQconninfoParse(const char *conninfo, char **error);

static void say(const char *keyword, const char *value) {
  char line[8192];
  int length = snprintf(line, 64, "%.60s ", keyword);
  for (const unsigned char *c = (const unsigned char *)value; *c && length < 8000; c++)
    length += snprintf(line + length, 3, "%02x", *c);
  line[length++] = '\n';
  ssize_t written = write(1, line, length);
  (void)written;
}

static void say_all(const char *conninfo) {
  Option *options = PQconninfoParse(conninfo, NULL);
  if (!options) {
    say("refused", "");
    return;
  }
  for (Option *option = options; option->keyword; option++)
    if (option->val)
      say(option->keyword, option->val);
}

void *PQconnectdb(const char *conninfo) {
  say_all(conninfo);
  return NULL;
}

void *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand) {
  for (int i = 0; keywords[i]; i++) {
    if (!values[i] || !*values[i])
      continue;
    if (expand && !strcmp(keywords[i], "dbname") && (strchr(values[i], '=') || strstr(values[i], "://")))
      say_all(values[i]);
    else
      say(keywords[i], values[i]);
  }
  return NULL;
}
