/*
 * com2net as a service of Windows's: the verbs of `com2net service`, and the process that the
 * service manager starts by "service run -- ARGUMENTS". The service's command line holds these. It
 * runs as LocalService, which has the rights of a usual user here and none in the network.
 */
#include "service.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>

#include "cli.h"
#include "command_line.h"
#include "event_log.h"
#include "log.h"
#include "service_path.h"
#include "service_requests.h"
#include "utf8.h"
#include "win_error.h"

enum {
    LINE_MAX_LEN = 8192,
    PROGRAM_MAX = 4096,
    WAIT_MS = 30000, /* for a service to start or stop */
    POLL_MS = 50,
    HINT_MS = 10000, /* for the service manager: how long stopping may take */
    REPORT_CONTROL = 128,
};

static const WCHAR service_name[] = L"com2net";

/* --- verbs --------------------------------------------------------------------------------- */

static bool is_elevated(void)
{
    HANDLE token;
    TOKEN_ELEVATION elevation = {0};
    DWORD size;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    bool known = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size);
    CloseHandle(token);
    return known && elevation.TokenIsElevated;
}

static int fail(const char *what, DWORD code)
{
    char words[WIN_ERROR_TEXT_MAX];

    if (code == ERROR_ACCESS_DENIED && is_elevated()) {
        fprintf(stderr,
                "com2net: %s: access denied: may LocalService, which the service runs as, read "
                "the folder of com2net.exe?\n",
                what);
    } else if (code == ERROR_ACCESS_DENIED) {
        fprintf(stderr,
                "com2net: %s needs an administrator: open the terminal by \"Run as "
                "administrator\"\n",
                what);
    } else if (code == ERROR_SERVICE_DOES_NOT_EXIST) {
        fprintf(stderr,
                "com2net: %s: the service is not installed; `com2net service install -- "
                "COM3 7000` does that\n",
                what);
    } else if (code == ERROR_SERVICE_EXISTS || code == ERROR_DUPLICATE_SERVICE_NAME) {
        fprintf(stderr,
                "com2net: %s: the service is installed already; `com2net service "
                "uninstall` first, to give it other arguments\n",
                what);
    } else if (code == ERROR_SERVICE_MARKED_FOR_DELETE) {
        fprintf(stderr,
                "com2net: %s: the service is about to go; close what still shows it, such "
                "as the services' window\n",
                what);
    } else {
        win_error_text(code, words);
        fprintf(stderr, "com2net: %s: %s\n", what, words);
    }
    return CLI_EXIT_FAILED;
}

/* Opens the service, and the manager, which the caller closes, too. NULL after an error. */
static SC_HANDLE open_service(const char *what, DWORD access, SC_HANDLE *manager)
{
    SC_HANDLE service = NULL;

    *manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (*manager)
        service = OpenServiceW(*manager, service_name, access);
    if (service)
        return service;
    fail(what, GetLastError());
    if (*manager)
        CloseServiceHandle(*manager);
    return NULL;
}

static void close_service(SC_HANDLE service, SC_HANDLE manager)
{
    CloseServiceHandle(service);
    CloseServiceHandle(manager);
}

/* The path of com2net.exe, "" where that cannot be said. */
static void find_program(char program[static PROGRAM_MAX])
{
    WCHAR path[PROGRAM_MAX / 2];
    const DWORD len = GetModuleFileNameW(NULL, path, PROGRAM_MAX / 2);

    program[0] = '\0';
    if (len > 0 && len < PROGRAM_MAX / 2)
        utf8_from_wide(path, program, PROGRAM_MAX);
}

/* Whether a service can be of this program. Returns an exit status, after an error that has been
 * printed. */
static int check_program(const char *program)
{
    const char *fault = service_path_fault(program);

    if (!*program)
        fault = "its path is too long";
    else if (strchr(program, '%'))
        fault = "Windows takes the % in its path for that of a variable";
    return fault ? cli_usage_error("service install: %s: %s; install com2net by its setup, or move "
                                   "it to a folder such as C:\\Program Files\\com2net",
                                   program, fault)
                 : CLI_EXIT_OK;
}

static int make_command_line(const char *program, int argc, char **argv,
                             char line[static LINE_MAX_LEN])
{
    int r = 0;

    line[0] = '\0';
    const char *const front[] = {program, "service", "run", "--"};
    for (int i = 0; i < 4 && r == 0; i++)
        r = command_line_add(line, LINE_MAX_LEN, front[i]);
    for (int i = 1; i < argc && r == 0; i++)
        r = command_line_add_unexpanded(line, LINE_MAX_LEN, argv[i]);
    return r;
}

/* A refused setting that does not stop the service from working is a warning. */
static void configure(SC_HANDLE service)
{
    SERVICE_DESCRIPTIONW description = {
        (WCHAR[]){L"Publishes serial ports over the network, by RFC 2217 and raw TCP."}};
    SC_ACTION actions[] = {
        {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW failure = {
        .dwResetPeriod = 24 * 3600, .cActions = 3, .lpsaActions = actions};
    SERVICE_FAILURE_ACTIONS_FLAG also_exit_status = {TRUE};

    ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
    if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) ||
        !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_exit_status))
        fprintf(stderr, "com2net: the service will not be restarted when it fails: the service "
                        "manager refuses that\n");
}

static int verb_install(int argc, char **argv, const struct service_program *program)
{
    char path[PROGRAM_MAX], line[LINE_MAX_LEN];

    if (argc == 1)
        return cli_usage_error("service install: say what it is to publish, such as `com2net "
                               "service install -- COM3 7000`");
    find_program(path);
    int status = check_program(path);
    if (status == CLI_EXIT_OK && make_command_line(path, argc, argv, line) < 0)
        status = cli_usage_error("service install: the command line is too long");
    if (status == CLI_EXIT_OK)
        status = program->check(argc, argv);
    if (status != CLI_EXIT_OK)
        return status;

    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    if (!manager)
        return fail("service install", GetLastError());
    WCHAR *wide = utf8_new_wide(line);
    SC_HANDLE service = NULL;
    if (wide)
        service =
            CreateServiceW(manager, service_name, L"com2net serial port server", SERVICE_ALL_ACCESS,
                           SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                           wide, NULL, NULL, L"Tcpip\0", L"NT AUTHORITY\\LocalService", NULL);
    DWORD code = service ? event_log_install() : GetLastError();
    if (service && code == ERROR_SUCCESS)
        configure(service);
    else if (service)
        DeleteService(service);
    status = code == ERROR_SUCCESS ? CLI_EXIT_OK : fail("service install", code);
    if (status == CLI_EXIT_OK)
        printf("com2net: installed; it starts with Windows, and now by `com2net service start`\n");
    if (service)
        CloseServiceHandle(service);
    CloseServiceHandle(manager);
    free(wide);
    return status;
}

/* Waits until the service has left `pending`; its state then. */
static DWORD wait_while(SC_HANDLE service, DWORD pending, SERVICE_STATUS_PROCESS *status)
{
    ULONGLONG limit = GetTickCount64() + WAIT_MS;
    DWORD size;

    while (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof *status,
                                &size) &&
           status->dwCurrentState == pending && GetTickCount64() < limit)
        Sleep(POLL_MS);
    return status->dwCurrentState;
}

/* A service manager that is late finds the process gone, and says that it did not answer. */
static bool ended_by_itself(SC_HANDLE service)
{
    SERVICE_STATUS_PROCESS status = {0};
    DWORD size;

    return QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status,
                                &size) &&
           status.dwCurrentState == SERVICE_STOPPED &&
           status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR;
}

static int verb_start(int argc, char **argv, const struct service_program *program)
{
    SC_HANDLE manager;
    SC_HANDLE service =
        open_service("service start", SERVICE_START | SERVICE_QUERY_STATUS, &manager);
    SERVICE_STATUS_PROCESS status = {0};
    int result = CLI_EXIT_FAILED;

    (void)argc;
    (void)argv;
    (void)program;
    if (!service)
        return CLI_EXIT_FAILED;
    DWORD code = StartServiceW(service, 0, NULL) ? ERROR_SUCCESS : GetLastError();
    if (code != ERROR_SUCCESS && code != ERROR_SERVICE_ALREADY_RUNNING &&
        !(code == ERROR_SERVICE_REQUEST_TIMEOUT && ended_by_itself(service))) {
        fail("service start", code);
    } else if (wait_while(service, SERVICE_START_PENDING, &status) == SERVICE_RUNNING) {
        printf("com2net: running (pid %lu)\n", status.dwProcessId);
        result = CLI_EXIT_OK;
    } else {
        fprintf(stderr, "com2net: service start: it ended at once; its log says why: the Event "
                        "Log (Windows logs, Application, source com2net), or its --log-file\n");
    }
    close_service(service, manager);
    return result;
}

/* Stops it, if it runs. Returns 0 or Windows's error. */
static DWORD stop(SC_HANDLE service)
{
    SERVICE_STATUS_PROCESS status = {0};
    SERVICE_STATUS last;

    if (!ControlService(service, SERVICE_CONTROL_STOP, &last))
        return GetLastError() == ERROR_SERVICE_NOT_ACTIVE ? ERROR_SUCCESS : GetLastError();
    return wait_while(service, SERVICE_STOP_PENDING, &status) == SERVICE_STOPPED
               ? ERROR_SUCCESS
               : ERROR_SERVICE_REQUEST_TIMEOUT;
}

static int verb_stop(int argc, char **argv, const struct service_program *program)
{
    SC_HANDLE manager;
    SC_HANDLE service = open_service("service stop", SERVICE_STOP | SERVICE_QUERY_STATUS, &manager);

    (void)argc;
    (void)argv;
    (void)program;
    if (!service)
        return CLI_EXIT_FAILED;
    DWORD code = stop(service);
    close_service(service, manager);
    if (code != ERROR_SUCCESS)
        return fail("service stop", code);
    printf("com2net: stopped\n");
    return CLI_EXIT_OK;
}

/* A service that is deleted stays until its process has ended and nobody has it open; it could not
 * be installed again before. Returns whether it has gone. */
static bool has_gone(SC_HANDLE manager)
{
    ULONGLONG limit = GetTickCount64() + WAIT_MS;

    for (;;) {
        SC_HANDLE service = OpenServiceW(manager, service_name, SERVICE_QUERY_STATUS);

        if (!service)
            return true;
        CloseServiceHandle(service);
        if (GetTickCount64() >= limit)
            return false;
        Sleep(POLL_MS);
    }
}

static int verb_uninstall(int argc, char **argv, const struct service_program *program)
{
    SC_HANDLE manager;
    SC_HANDLE service =
        open_service("service uninstall", SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, &manager);

    (void)argc;
    (void)argv;
    (void)program;
    if (!service)
        return CLI_EXIT_FAILED;
    DWORD code = stop(service);
    if (code == ERROR_SUCCESS && !DeleteService(service))
        code = GetLastError();
    if (code == ERROR_SUCCESS)
        code = event_log_uninstall();
    CloseServiceHandle(service);
    if (code == ERROR_SUCCESS && !has_gone(manager))
        code = ERROR_SERVICE_MARKED_FOR_DELETE;
    CloseServiceHandle(manager);
    if (code != ERROR_SUCCESS)
        return fail("service uninstall", code);
    printf("com2net: uninstalled\n");
    return CLI_EXIT_OK;
}

static void print_command_line(SC_HANDLE service)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        BYTE room[LINE_MAX_LEN]; /* the most that Windows has */
    } answer;
    char line[LINE_MAX_LEN];
    DWORD size;

    if (!QueryServiceConfigW(service, &answer.config, sizeof answer, &size))
        return;
    utf8_from_wide(answer.config.lpBinaryPathName, line, sizeof line);
    command_line_restore(line);
    printf("command line: %s\n", line);
}

static int verb_status(int argc, char **argv, const struct service_program *program)
{
    static const char *const states[] = {"in no known state", "stopped", "starting",
                                         "stopping",          "running", "about to go on",
                                         "about to pause",    "paused"};
    SC_HANDLE manager;
    SC_HANDLE service =
        open_service("service status", SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, &manager);
    SERVICE_STATUS_PROCESS status = {0};
    DWORD size;

    (void)argc;
    (void)argv;
    (void)program;
    if (!service)
        return CLI_EXIT_FAILED;
    QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &size);
    DWORD state = status.dwCurrentState;
    printf("com2net: %s", states[state < sizeof states / sizeof *states ? state : 0]);
    if (status.dwProcessId)
        printf(" (pid %lu)", status.dwProcessId);
    if (state == SERVICE_STOPPED && status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR)
        printf(", after exit status %lu", status.dwServiceSpecificExitCode);
    putchar('\n');
    print_command_line(service);
    close_service(service, manager);
    return state == SERVICE_RUNNING ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

/* --- the service --------------------------------------------------------------------------- */

static struct {
    SERVICE_STATUS_HANDLE handle; /* NULL in a process that is no service */
    const struct service_program *program;
    int argc;
    char **argv;
    DWORD state;
} self;

static void tell_state(DWORD state, int exit_status)
{
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = state,
        .dwControlsAccepted =
            state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0u,
        .dwWin32ExitCode = exit_status ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR,
        .dwServiceSpecificExitCode = (DWORD)exit_status,
        .dwWaitHint = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING ? HINT_MS : 0,
    };

    self.state = state;
    SetServiceStatus(self.handle, &status);
}

/* On a thread of the service manager's. */
static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *ctx)
{
    (void)type;
    (void)data;
    (void)ctx;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        tell_state(SERVICE_STOP_PENDING, 0);
        requests_stop();
        return NO_ERROR;
    case REPORT_CONTROL:
        requests_report();
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

/* The service's own thread, which the loop runs on. */
static void WINAPI run_service(DWORD argc, WCHAR **argv)
{
    (void)argc; /* the words in the command line count, not the arguments of a start */
    (void)argv;
    self.handle = RegisterServiceCtrlHandlerExW(service_name, on_control, NULL);
    if (!self.handle)
        return;
    tell_state(SERVICE_START_PENDING, 0);
    requests_come_from_service();
    log_set_sink(event_log_write);
    int status = self.program->run(self.argc, self.argv);
    tell_state(SERVICE_STOPPED, status);
}

void service_ready(void)
{
    if (self.handle)
        tell_state(SERVICE_RUNNING, 0);
}

static int verb_run(int argc, char **argv, const struct service_program *program)
{
    SERVICE_TABLE_ENTRYW table[] = {{(WCHAR *)service_name, run_service}, {NULL, NULL}};

    for (int i = 1; i < argc; i++)
        command_line_restore(argv[i]);
    self.program = program;
    self.argc = argc;
    self.argv = argv;
    if (StartServiceCtrlDispatcherW(table))
        return CLI_EXIT_OK;
    if (GetLastError() == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
        fprintf(stderr, "com2net: `service run` is the service manager's; `com2net service start` "
                        "starts the service, `com2net COM3 7000` works without one\n");
        return CLI_EXIT_FAILED;
    }
    return fail("service run", GetLastError());
}

/* --- all of it ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool takes_arguments;
    int (*run)(int argc, char **argv, const struct service_program *program);
} verbs[] = {
    {"install", true, verb_install}, {"uninstall", false, verb_uninstall},
    {"start", false, verb_start},    {"stop", false, verb_stop},
    {"status", false, verb_status},  {"run", true, verb_run},
};

int service_main(int argc, char **argv, const struct service_program *program)
{
    static char name[] = "com2net";
    static char *arguments[] = {name, NULL};
    const char *verb = argc > 0 ? argv[0] : "";
    int count = argc - 1;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verb, verbs[i].name) != 0)
            continue;
        if (count == 0)
            return verbs[i].run(1, arguments, program);
        if (!verbs[i].takes_arguments)
            return cli_usage_error("service %s takes no arguments", verb);
        if (strcmp(argv[1], "--") != 0)
            return cli_usage_error("service %s: %s: what it is to publish comes after \"--\", as "
                                   "in `com2net service %s -- COM3 7000`",
                                   verb, argv[1], verb);
        argv[1] = arguments[0]; /* the name of the program that gets the rest */
        return verbs[i].run(count, argv + 1, program);
    }
    return cli_usage_error("service %s: there are install, uninstall, start, stop and status",
                           verb);
}
