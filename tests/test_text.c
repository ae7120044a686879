/* Texts of others, for a terminal and for the log. */
#include "log.h"
#include "test.h"
#include "text.h"
#include "usb_text.h"

static char logged[2048];

static void on_log(enum log_level level, const char *line)
{
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

static void check_text(const char *from, const char *clean, const char *escaped)
{
    char text[256];

    text_clean(text, sizeof text, from);
    CHECK_TEXT(text, clean);
    text_escape(text, sizeof text, from);
    CHECK_TEXT(text, escaped);
    log_info("%s", from);
    CHECK_TEXT(logged, escaped);
}

static void what_is_fit_passes(void)
{
    check_text("", "", "");
    check_text("FT232R USB UART", "FT232R USB UART", "FT232R USB UART");
    check_text("Zo\xc3\xab \xe6\x9d\xbf \xf0\x9f\x92\xa1",
               "Zo\xc3\xab \xe6\x9d\xbf \xf0\x9f\x92\xa1",
               "Zo\xc3\xab \xe6\x9d\xbf \xf0\x9f\x92\xa1");
    check_text("\xc2\xa0", "\xc2\xa0", "\xc2\xa0"); /* the first behind C1 */
}

static void control_characters_do_not(void)
{
    check_text("a\x1b[31mb\n\x7f", "a?[31mb??", "a\\x1b[31mb\\x0a\\x7f");
    check_text("\xc2\x9b"
               "2J",
               "?2J", "\\xc2\\x9b2J"); /* C1's CSI, in UTF-8 */
    check_text("\x9b"
               "31m",
               "?31m", "\\x9b31m"); /* and as a byte */
    check_text("\xc2\x80\xc2\x9f", "??", "\\xc2\\x80\\xc2\\x9f");
}

static void what_is_no_utf8_does_not(void)
{
    check_text("\xff\xfe", "??", "\\xff\\xfe");
    check_text("\xc0\x9b", "?", "\\xc0\\x9b");          /* longer than it has to be */
    check_text("\xe0\x82\x9b", "?", "\\xe0\\x82\\x9b"); /* likewise */
    check_text("\xed\xa0\x80", "?", "\\xed\\xa0\\x80"); /* half a pair */
    check_text("\xe6\x9d", "?", "\\xe6\\x9d");          /* an end too early */
    check_text("\xc3"
               "a",
               "?a",
               "\\xc3"
               "a");
}

static void a_text_is_cleaned_where_it_stands(void)
{
    char text[] = "Ger\xc3\xa4t\x1b\xf4\x90\x80\x80."; /* the last one is too large a number */

    text_clean(text, sizeof text, text);
    CHECK_TEXT(text, "Ger\xc3\xa4t??.");
}

static void what_does_not_fit_is_cut_between_characters(void)
{
    char text[8];

    text_clean(text, 4, "ab\xc3\xab");
    CHECK_TEXT(text, "ab");
    text_clean(text, 5, "ab\xc3\xab");
    CHECK_TEXT(text, "ab\xc3\xab");
    text_escape(text, 6, "ab\x1b");
    CHECK_TEXT(text, "ab");
    text_escape(text, 7, "ab\x1b");
    CHECK_TEXT(text, "ab\\x1b");
}

static void descriptors_are_cleaned(void)
{
    static const uint8_t d[] = {12, 3, 'a', 0, 0x9b, 0, 0x3d, 0xd8, 0xa1, 0xdc, 0, 0xd8};
    char text[32];

    usb_text_of_descriptor(text, sizeof text, d, sizeof d);
    CHECK_TEXT(text, "a?\xf0\x9f\x92\xa1?");
}

static void durations_are_short(void)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } all[] = {{0, "0 s"},    {119, "119 s"},   {120, "2 min"},     {7199, "119 min"},
               {7200, "2 h"}, {172799, "47 h"}, {172800, "2 days"}, {8640000, "100 days"}};
    char text[TEXT_DURATION_MAX];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        text_duration(all[i].seconds, text);
        CHECK_TEXT(text, all[i].text);
    }
    text_duration(UINT64_MAX, text);
    CHECK(strstr(text, " days"));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(durations_are_short),
        TEST(what_is_fit_passes),
        TEST(control_characters_do_not),
        TEST(what_is_no_utf8_does_not),
        TEST(a_text_is_cleaned_where_it_stands),
        TEST(what_does_not_fit_is_cut_between_characters),
        TEST(descriptors_are_cleaned),
    };

    log_init("test", LOG_LEVEL_INFO);
    log_set_sink(on_log);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
