/*
 * win32/teller.c: each asker has the text, also after others that do not read it, or that leave at
 * once. (That nobody else can take the name is not for Wine: it knows no first instance.)
 */
#include "teller.h"

#include <stdio.h>

#include <winsock2.h>

#include <windows.h>

#include "loop.h"
#include "startup.h"
#include "test.h"

enum { SILENT = 100, LIMIT_MS = 60000 };

static char text[40000];
static volatile LONG told, ended;

static char *tell(void *ctx)
{
    CHECK(ctx == &told);
    InterlockedIncrement(&told);
    return strdup(text);
}

/* While another one is told, the pipe is busy. */
static HANDLE ask(void)
{
    WCHAR name[64];
    HANDLE pipe = INVALID_HANDLE_VALUE;

    swprintf(name, 64, L"\\\\.\\pipe\\com2net-%lu", GetCurrentProcessId());
    for (int i = 0; i < LIMIT_MS && pipe == INVALID_HANDLE_VALUE; i++) {
        pipe = CreateFileW(name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        CHECK(pipe != INVALID_HANDLE_VALUE || GetLastError() == ERROR_PIPE_BUSY);
        Sleep(1);
    }
    CHECK(pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

static void read_all(HANDLE pipe)
{
    static char got[sizeof text];
    size_t len = 0;
    DWORD n;

    while (len < sizeof got && ReadFile(pipe, got + len, (DWORD)(sizeof got - len), &n, NULL))
        len += n;
    CHECK(GetLastError() == ERROR_BROKEN_PIPE);
    CHECK(len == sizeof text - 1 && memcmp(got, text, len) == 0);
    CloseHandle(pipe);
}

static DWORD WINAPI be_askers(void *arg)
{
    HANDLE silent[SILENT];

    (void)arg;
    for (int i = 0; i < SILENT; i++)
        silent[i] = ask();
    for (int i = 0; i < SILENT; i++)
        CloseHandle(ask());
    read_all(ask());
    for (int i = 0; i < SILENT; i++)
        read_all(silent[i]);
    InterlockedIncrement(&ended);
    CloseHandle(ask()); /* the loop looks after each */
    return 0;
}

static bool has_ended(void *ctx)
{
    (void)ctx;
    return ended;
}

static void every_asker_has_the_text(void)
{
    struct teller_answer answers[TELLER_OTHERS_MAX];
    struct event_base *base = loop_new(false);
    char error[TELLER_ERROR_MAX];

    memset(text, 'x', sizeof text - 1);
    struct teller *t = teller_new(base, tell, (void *)&told, error);
    CHECK(t);
    HANDLE thread = CreateThread(NULL, 0, be_askers, NULL, 0, NULL);
    CHECK(thread);
    CHECK(loop_run_until(base, has_ended, NULL, LIMIT_MS));
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CHECK(told > SILENT);
    CHECK(teller_ask(answers) == 0); /* not ourselves */
    teller_free(t);
    loop_free(base);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(every_asker_has_the_text)};

    CHECK(startup_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
