/*
 * Where COMMAND's loader would find libraries, and whether hidapi's can be put in: with programs
 * and libraries made up here, of an architecture and C library that this program's loader does not
 * take.
 */
#include "usb_program.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/elf.h>

#include "test.h"
#include "usb_hidapi.h"

enum { TEXTS_MAX = 512, NEEDED_MAX = 4, OURS = EM_RISCV, ANOTHER = EM_PPC64 };

static char root[] = "/tmp/test_usb_program.XXXXXX";
static char path[PATH_MAX];

/* A file in the folder of the tests. */
static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

/* Writes an ELF file that needs these libraries, and has this interpreter if it is not NULL. */
static void write_elf(const char *name, unsigned machine, const char *interpreter,
                      const char *const *needed)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[3];
        Elf64_Dyn dynamic[NEEDED_MAX + 3];
        char texts[TEXTS_MAX];
    } f = {.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                      .e_machine = (Elf64_Half)machine,
                      .e_phoff = sizeof f.header,
                      .e_phentsize = sizeof *f.segments,
                      .e_phnum = interpreter ? 3 : 2}};
    const size_t texts = (size_t)((char *)f.texts - (char *)&f);
    size_t used = 1, n = 0;

    f.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_filesz = sizeof f};
    f.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                                 .p_offset = (size_t)((char *)f.dynamic - (char *)&f),
                                 .p_filesz = sizeof f.dynamic};
    for (; *needed; needed++, n++) {
        f.dynamic[n] = (Elf64_Dyn){.d_tag = DT_NEEDED, .d_un.d_val = used};
        used += (size_t)snprintf(f.texts + used, TEXTS_MAX - used, "%s", *needed) + 1;
    }
    f.dynamic[n++] = (Elf64_Dyn){.d_tag = DT_STRTAB, .d_un.d_val = texts};
    f.dynamic[n] = (Elf64_Dyn){.d_tag = DT_STRSZ, .d_un.d_val = TEXTS_MAX};
    if (interpreter) {
        f.segments[2] = (Elf64_Phdr){
            .p_type = PT_INTERP, .p_offset = texts + used, .p_filesz = strlen(interpreter) + 1};
        snprintf(f.texts + used, TEXTS_MAX - used, "%s", interpreter);
    }
    FILE *file = fopen(at(name), "we");
    CHECK(file && fwrite(&f, sizeof f, 1, file) == 1);
    CHECK(fclose(file) == 0);
}

#define NEEDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* net2usb's folder, one that the loader looks into, and a program of musl. */
static void make_system(struct usb_program *program, const char *interpreter)
{
    CHECK(mkdtemp(root));
    CHECK(mkdir(at("ours"), 0700) == 0 && mkdir(at("ours/musl"), 0700) == 0 &&
          mkdir(at("ours/hidraw"), 0700) == 0 && mkdir(at("system"), 0700) == 0);
    write_elf("ours/hidraw/libhidapi-hidraw.so.0", OURS, NULL, NEEDS("libhidapi-libusb.so.0"));
    write_elf("ours/libusb-1.0.so.0", OURS, NULL, NEEDS("libc.so.6", "ld-linux-any.so.1"));
    write_elf("ours/musl/libusb-1.0.so.0", OURS, NULL, NEEDS("libc.so"));
    write_elf("program", OURS, interpreter, NEEDS("libhidapi-hidraw.so.0"));
    CHECK(setenv("LD_LIBRARY_PATH", at("system"), 1) == 0);
    usb_program_read(at("program"), false, program);
    CHECK(program->loader.machine == OURS);
}

static void remove_system(void)
{
    char command[PATH_MAX];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
    strcpy(root + strlen(root) - 6, "XXXXXX");
    unsetenv("LD_LIBRARY_PATH");
}

static bool finds_hidapi(const struct usb_program *program)
{
    char ours[PATH_MAX], found[PATH_MAX];

    strcpy(ours, at("ours"));
    int r = usb_hidapi_find(program, ours, found);
    CHECK(r == 0 || r == -ENOENT);
    CHECK_TEXT(found, at("ours/hidraw"));
    return r == 0;
}

static void hidapi_is_found_for_programs_of_musl(void)
{
    struct usb_program program;

    make_system(&program, "/lib/ld-musl-none.so.1");
    CHECK(!finds_hidapi(&program));
    write_elf("system/libhidapi-libusb.so.0", OURS, NULL, NEEDS("libusb-1.0.so.0", "libc.so"));
    CHECK(finds_hidapi(&program));
    remove_system();
}

static void hidapi_is_found_for_programs_of_glibc(void)
{
    struct usb_program program;

    make_system(&program, "/lib/ld-linux-any.so.1");
    write_elf("system/libhidapi-libusb.so.0", OURS, NULL, NEEDS("libusb-1.0.so.0", "libc.so.6"));
    CHECK(!finds_hidapi(&program)); /* a C library of that architecture is not here */
    write_elf("system/libc.so.6", OURS, NULL, NEEDS("ld-linux-any.so.1"));
    CHECK(finds_hidapi(&program));
    remove_system();
}

static void what_hidapi_needs_has_to_be_there(void)
{
    struct usb_program program;

    make_system(&program, "/lib/ld-musl-none.so.1");
    write_elf("system/libhidapi-libusb.so.0", OURS, NULL, NEEDS("libusb-1.0.so.0", "libudev.so.1"));
    CHECK(!finds_hidapi(&program));
    write_elf("system/libudev.so.1", OURS, NULL, NEEDS("libc.musl-none.so.1"));
    CHECK(finds_hidapi(&program));
    remove_system();
}

static void hidapi_of_another_architecture_is_none(void)
{
    struct usb_program program;

    make_system(&program, "/lib/ld-musl-none.so.1");
    write_elf("system/libhidapi-libusb.so.0", ANOTHER, NULL, NEEDS("libusb-1.0.so.0"));
    CHECK(!finds_hidapi(&program));
    remove_system();
}

/* Nix's has its own folders. */
static void another_loader_does_not_look_into_this_system(void)
{
    struct usb_program any, program;

    usb_program_be_any(&any);
    CHECK(mkdtemp(root));
    write_elf("program", any.loader.machine, "/nix/store/none/lib/ld-linux-any.so.2",
              NEEDS("libc.so.6"));
    usb_program_read(at("program"), false, &program);
    CHECK(!usb_program_finds(&program, "", "libc.so.6"));
#ifdef __GLIBC__ /* it is here for sure */
    CHECK(usb_program_finds(&any, "", "libc.so.6"));
    write_elf("program", any.loader.machine, "/lib/ld-linux-any.so.2", NEEDS("libc.so.6"));
    usb_program_read(at("program"), false, &program);
    CHECK(usb_program_finds(&program, "", "libc.so.6"));
#endif
    remove_system();
}

/* Such as a loader that is given a program. */
static void one_that_is_not_known_finds_nothing(void)
{
    const struct usb_program program = {.trouble = USB_PROGRAM_FINE};

    CHECK(!usb_program_finds(&program, "", "libc.so.6"));
}

static void any_program_is_of_our_kind(void)
{
    struct usb_program any, shell;

    usb_program_be_any(&any);
    usb_program_read("/proc/self/exe", false, &shell);
    CHECK(any.loader.machine == shell.loader.machine && any.loader.class == shell.loader.class &&
          !any.loader.is_musl);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(hidapi_is_found_for_programs_of_musl),
        TEST(hidapi_is_found_for_programs_of_glibc),
        TEST(what_hidapi_needs_has_to_be_there),
        TEST(hidapi_of_another_architecture_is_none),
        TEST(another_loader_does_not_look_into_this_system),
        TEST(one_that_is_not_known_finds_nothing),
        TEST(any_program_is_of_our_kind),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
