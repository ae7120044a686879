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
            "com2net: `com2net service` is for Windows; here a unit of systemd does it, with\n"
            "ExecStart=com2net SOURCE PORT\n");
    return CLI_EXIT_FAILED;
}

void service_ready(void)
{
}
