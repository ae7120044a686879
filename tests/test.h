/*
 * The frame of a test program: a table of named functions, all run in turn, or those named on the
 * command line. A failed CHECK says where and ends the program.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

static const char *test_running = "";

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: CHECK(%s) failed\n", __FILE__, __LINE__, test_running,     \
                    #condition);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (strcmp(got_, want_) != 0) {                                                            \
            fprintf(stderr, "%s:%d: %s:\n  got  \"%s\"\n  want \"%s\"\n", __FILE__, __LINE__,      \
                    test_running, got_, want_);                                                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline int test_main(int argc, char **argv, const struct test *tests, size_t count)
{
    int ran = 0;

    for (size_t i = 0; i < count; i++) {
        bool wanted = argc < 2;

        for (int a = 1; a < argc; a++)
            wanted = wanted || strcmp(argv[a], tests[i].name) == 0;
        if (!wanted)
            continue;
        test_running = tests[i].name;
        tests[i].run();
        printf("ok: %s\n", tests[i].name);
        fflush(stdout);
        ran++;
    }
    if (ran == 0)
        fprintf(stderr, "no such test\n");
    return ran == 0;
}

#define TEST_MAIN(tests)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_main(argc, argv, tests, sizeof(tests) / sizeof *(tests));                      \
    }

#endif
