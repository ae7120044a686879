/*
 * Runs of a test with random inputs: each is made of a number, its seed, which is told when it
 * fails. Some seconds by default; COM2NET_RANDOM_SECONDS, or an option, makes it hours.
 *
 *     test_usb_life --seconds 3600            with seeds that the clock chooses
 *     test_usb_life --seed 17 --seconds 0     the one run of that seed
 */
#ifndef TESTS_RANDOM_RUNS_H
#define TESTS_RANDOM_RUNS_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RANDOM_SECONDS = 4, RANDOM_INPUT_MAX = 3000 };

static unsigned long long random_seed;

/* xorshift64* */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static void random_on_abort(int number)
{
    char text[64];
    int len = snprintf(text, sizeof text, "failed: --seed %llu --seconds 0\n", random_seed);

    if (write(2, text, (size_t)len) < 0)
        _exit(1);
    signal(number, SIG_DFL);
    raise(number);
}

static int random_runs(int argc, char **argv, void (*run)(const uint8_t *input, size_t len))
{
    static uint8_t input[RANDOM_INPUT_MAX];
    const char *given = getenv("COM2NET_RANDOM_SECONDS");
    long seconds = given && *given ? atol(given) : RANDOM_SECONDS;
    unsigned long count = 0;
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    random_seed = (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = atol(argv[i + 1]);
        if (strcmp(argv[i], "--seed") == 0)
            random_seed = strtoull(argv[i + 1], NULL, 10);
    }
    const unsigned long long first = random_seed;
    signal(SIGABRT, random_on_abort);
    signal(SIGSEGV, random_on_abort);
    signal(SIGALRM, random_on_abort); /* one that never ends */
    const time_t until = time(NULL) + seconds;
    do {
        uint64_t state = (random_seed + 1) * 0x9e3779b97f4a7c15ull;
        const size_t len = random_next(&state) % sizeof input;

        for (size_t i = 0; i < len; i++)
            input[i] = (uint8_t)(random_next(&state) >> 32);
        alarm(300);
        run(input, len);
        alarm(0);
        count++;
        random_seed++;
    } while (time(NULL) < until);
    printf("ok: %lu runs, of the seeds from %llu\n", count, first);
    return 0;
}

#endif
