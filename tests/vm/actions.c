/*
 * actions - see actions.h.
 */
#include "actions.h"

#include <ctype.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORDS_MAX = 256 };

unsigned char inbox[1 << 20];
size_t inbox_len;
bool (*inbox_receive)(double until);

double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int action_failed(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    return 1;
}

size_t action_text(char *word)
{
    char *to = word;

    for (const char *from = word; *from; from++) {
        char c = *from;

        if (c == '\\' && from[1]) {
            char hex[3] = {0};

            switch (*++from) {
            case 's':
                c = ' ';
                break;
            case 'n':
                c = '\n';
                break;
            case 'r':
                c = '\r';
                break;
            case 't':
                c = '\t';
                break;
            case 'x':
                for (int i = 0; i < 2 && isxdigit((unsigned char)from[1]); i++)
                    hex[i] = *++from;
                c = (char)strtol(hex, NULL, 16);
                break;
            default:
                c = *from;
            }
        }
        *to++ = c;
    }
    *to = '\0';
    return (size_t)(to - word);
}

void action_show(const void *bytes, size_t len)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < len; i++) {
        if (b[i] == ' ')
            fputs("\\s", stdout);
        else if (b[i] > ' ' && b[i] < 0x7f && b[i] != '\\')
            putchar(b[i]);
        else
            printf("\\x%02x", b[i]);
    }
}

void inbox_add(const void *bytes, size_t len)
{
    if (len > sizeof inbox - inbox_len)
        errx(2, "%zu bytes received that no action asked for", inbox_len + len);
    memcpy(inbox + inbox_len, bytes, len);
    inbox_len += len;
}

static void inbox_drop(size_t len)
{
    inbox_len -= len;
    memmove(inbox, inbox + len, inbox_len);
}

/* Drops all up to and including @text; false if it is not there. */
static bool inbox_take(const void *text, size_t len)
{
    const unsigned char *at = memmem(inbox, inbox_len, text, len);

    if (!at)
        return false;
    inbox_drop((size_t)(at - inbox) + len);
    return true;
}

static int missed(const char *what)
{
    printf("%s: not so, but: ", what);
    action_show(inbox, inbox_len > 512 ? 512 : inbox_len);
    putchar('\n');
    return 1;
}

int action_expect(char **words)
{
    double until = now_ms() + atof(words[1]);
    size_t len = action_text(words[0]);

    while (!inbox_take(words[0], len))
        if (!inbox_receive(until))
            return missed("expect");
    return 0;
}

int action_quiet(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (!inbox_len && inbox_receive(until))
        ;
    return inbox_len ? missed("quiet") : 0;
}

int action_pattern(char **words)
{
    size_t n = strtoul(words[0], NULL, 10);
    double until = now_ms() + atof(words[1]);

    while (inbox_len < n)
        if (!inbox_receive(until))
            return action_failed("pattern: %zu of %zu bytes", inbox_len, n);
    for (size_t i = 0; i < n; i++)
        if (inbox[i] != pattern_byte(i))
            return action_failed("pattern: byte %zu of %zu is %02x", i, n, inbox[i]);
    inbox_drop(n);
    return 0;
}

unsigned char pattern_byte(size_t i)
{
    return (unsigned char)(i * 7 + (i >> 8));
}

static const struct action *find(const struct action *table, const char *name)
{
    for (; table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

static int run_list(const struct action *table, int n, char **words)
{
    for (int i = 0; i < n; i++) {
        const struct action *a = find(table, words[i]);

        if (!a)
            return action_failed("unknown action %s", words[i]);
        if (a->words > n - i - 1)
            return action_failed("%s wants %d words", a->name, a->words);
        if (a->run(words + i + 1))
            return 1;
        i += a->words;
    }
    return 0;
}

static int run_lines(const struct action *table)
{
    static char line[1 << 16];

    while (fgets(line, sizeof line, stdin)) {
        char *words[WORDS_MAX];
        int n = 0;

        for (char *w = strtok(line, " \n"); w && n < WORDS_MAX; w = strtok(NULL, " \n"))
            words[n++] = w;
        if (n == 1 && !strcmp(words[0], "quit")) {
            puts("= 0");
            return 0;
        }
        printf("= %d\n", run_list(table, n, words));
    }
    return 0;
}

int actions_run(const struct action *table, int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 1 && !strcmp(argv[0], "-"))
        return run_lines(table);
    return run_list(table, argc, argv);
}

void actions_help(const struct action *table)
{
    for (; table->name; table++)
        fprintf(stderr, "  %-12s %s\n", table->name, table->help);
}
