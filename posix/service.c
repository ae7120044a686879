/*
 * No service manager of Windows's here; see common/seam/service.h.
 */
#include "service.h"

#include <stdio.h>

#include "cli.h"

int service_main(int argc, char **argv, const struct service_program *program)
{
    (void)argc;
    (void)argv;
    (void)program;
    fprintf(stderr,
            "com2net: `com2net service` is for Windows; here a unit of systemd does it. That of\n"
            "Debian's package reads /etc/default/com2net. Without the package write into\n"
            "/etc/systemd/system/com2net.service, with your SOURCE and PORT:\n"
            "\n"
            "  [Service]\n"
            "  ExecStart=com2net /dev/ttyUSB0,hotplug 7000\n"
            "  Restart=on-failure\n"
            "  [Install]\n"
            "  WantedBy=multi-user.target\n"
            "\n"
            "then: systemctl enable --now com2net\n");
    return CLI_EXIT_FAILED;
}

int service_check_path(const char *path, char *why, size_t size)
{
    (void)path;
    (void)why;
    (void)size;
    return 0; /* a unit's working folder and user are its own affair */
}

void service_ready(void)
{
}
