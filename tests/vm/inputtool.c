/*
 * inputtool - input devices of the kernel, for scripts.
 *
 *   inputtool find NAME          the node of the device with this name
 *   inputtool read NODE          its events, a line each, as they come: "key 30 1", "rel 0 -5"
 *   inputtool led NODE CODE 0|1  switches one of its LEDs
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/input.h>

static int find(const char *wanted)
{
    DIR *folder = opendir("/dev/input");
    int found = 1;

    if (!folder)
        return 1;
    for (const struct dirent *d = readdir(folder); d && found; d = readdir(folder)) {
        char path[300], name[256] = "";

        if (strncmp(d->d_name, "event", 5) != 0)
            continue;
        snprintf(path, sizeof path, "/dev/input/%s", d->d_name);
        int fd = open(path, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (ioctl(fd, EVIOCGNAME(sizeof name - 1), name) >= 0 && strcmp(name, wanted) == 0) {
            puts(path);
            found = 0;
        }
        close(fd);
    }
    closedir(folder);
    return found;
}

static int read_events(const char *node)
{
    static const char *const types[] = {
        [EV_KEY] = "key", [EV_REL] = "rel", [EV_MSC] = "msc", [EV_LED] = "led"};
    struct input_event e;
    int fd = open(node, O_RDONLY);

    if (fd < 0) {
        perror(node);
        return 1;
    }
    printf("ready\n");
    fflush(stdout);
    while (read(fd, &e, sizeof e) == sizeof e) {
        if (e.type == EV_SYN && e.code == SYN_DROPPED)
            printf("events are lost\n");
        else if (e.type < sizeof types / sizeof *types && types[e.type])
            printf("%s %d %d\n", types[e.type], e.code, e.value);
        fflush(stdout);
    }
    printf("gone\n");
    close(fd);
    return 0;
}

static int set_led(const char *node, const char *code, const char *on)
{
    const struct input_event events[2] = {
        {.type = EV_LED, .code = (unsigned short)atoi(code), .value = atoi(on)},
        {.type = EV_SYN, .code = SYN_REPORT},
    };
    int fd = open(node, O_WRONLY);

    if (fd < 0 || write(fd, events, sizeof events) != sizeof events) {
        perror(node);
        return 1;
    }
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "find") == 0)
        return find(argv[2]);
    if (argc == 3 && strcmp(argv[1], "read") == 0)
        return read_events(argv[2]);
    if (argc == 5 && strcmp(argv[1], "led") == 0)
        return set_led(argv[2], argv[3], argv[4]);
    fprintf(stderr, "usage: inputtool find NAME | read NODE | led NODE CODE 0|1\n");
    return 2;
}
