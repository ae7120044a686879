/* What may be meant by a word that there is not, and names that would do. */
#include "typo.h"

#include <errno.h>

#include "name.h"
#include "test.h"

static const char *meant(const char *typed)
{
    static const char *const words[] = {"list", "run", "attach", "detach", "verbose", "if"};
    static struct typo t;

    typo_begin(&t, typed, strlen(typed));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        typo_offer(&t, words[i]);
    return t.best ? t.best : "";
}

static void near_words_are_meant(void)
{
    CHECK_TEXT(meant("lst"), "list");
    CHECK_TEXT(meant("lsit"), "list");
    CHECK_TEXT(meant("rnu"), "run");
    CHECK_TEXT(meant("dettach"), "detach");
    CHECK_TEXT(meant("atach"), "attach");
    CHECK_TEXT(meant("verbos"), "verbose");
    CHECK_TEXT(meant("DETACH"), "detach");
}

static void others_are_not(void)
{
    CHECK_TEXT(meant(""), "");
    CHECK_TEXT(meant("x"), "");
    CHECK_TEXT(meant("explode"), "");
    CHECK_TEXT(meant("localhost:7813"), "");
    CHECK_TEXT(meant("a-word-that-is-longer-than-any-option-of-ours"), "");
}

static void names_would_do(void)
{
    static const char *const wrong[][2] = {
        {"two words", "two-words would do"},
        {"", "board would do"},
        {"\xc3\xa4\xc3\xb6", "board would do"},
        {"-_.", "board would do"},
        {"1-1", "usb-1-1 would do"},
        {"0403:6010", "0403-6010 would do"},
        {"Gr\xc3\xb6\xc3\x9f"
         "e!",
         "Gr-e would do"},
    };
    char why[NAME_WHY_MAX], longest[65];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(name_check(wrong[i][0], why) == -EINVAL);
        CHECK(strstr(why, wrong[i][1]));
    }
    CHECK(name_check("1-x", why) == 0 && name_check("1-1-1", why) == 0);
    memset(longest, 'a', 64);
    longest[64] = '\0';
    CHECK(name_check(longest, why) == -EINVAL);
    CHECK(name_check(longest + 1, why) == 0);
}

static const struct test tests[] = {
    TEST(near_words_are_meant),
    TEST(others_are_not),
    TEST(names_would_do),
};

TEST_MAIN(tests)
