# The pinned third-party releases; the file `pins` says which, `fetch` finds them.
#
#   pinned_source(NAME DIR)    NAME: libtelnet, libserialport, libevent or libusb
#
# leaves in the variable DIR the folder of the unpacked sources, or NOTFOUND and in DIR_WHY one line
# that says what was not to be had, and how it would be. -DPINNED_NAME_SOURCES= names a folder to take
# instead, for those who have changed a library.
include_guard()
set(pinned_folder ${CMAKE_CURRENT_LIST_DIR})

set(COM2NET_THIRD_PARTY ${CMAKE_SOURCE_DIR}/../shared/third_party CACHE PATH
    "Folder with the pinned third-party tarballs, if they are not to be downloaded")
set(COM2NET_DEBIAN_MIRROR "$ENV{COM2NET_DEBIAN_MIRROR}" CACHE STRING
    "Mirror of Debian to take pinned tarballs from, where the machine's own is not Debian's")

# Downloads are kept for the next build where this user has a cache.
set(downloads ${CMAKE_BINARY_DIR}/third_party)
set(no_cache TRUE)
if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(cache $ENV{XDG_CACHE_HOME}/com2net)
elseif(NOT "$ENV{HOME}" STREQUAL "")
    set(cache $ENV{HOME}/.cache/com2net)
endif()
if(DEFINED cache)
    execute_process(COMMAND sh -c "mkdir -p \"$1\" && test -w \"$1\"" sh ${cache}
        RESULT_VARIABLE no_cache OUTPUT_QUIET ERROR_QUIET)
endif()
if(NOT no_cache)
    set(downloads ${cache})
endif()
set(COM2NET_DOWNLOADS ${downloads} CACHE PATH "Where downloaded tarballs are kept")

function(pinned_source name dir)
    set(sources ${CMAKE_BINARY_DIR}/third_party/${name})
    set(${dir} NOTFOUND PARENT_SCOPE)
    set(PINNED_${name}_SOURCES "" CACHE PATH "Sources of ${name} to build, instead of the pinned ones")
    if(PINNED_${name}_SOURCES)
        if(NOT IS_DIRECTORY ${PINNED_${name}_SOURCES})
            message(FATAL_ERROR "PINNED_${name}_SOURCES: there is no folder ${PINNED_${name}_SOURCES}")
        endif()
        set(${dir} ${PINNED_${name}_SOURCES} PARENT_SCOPE)
        return()
    endif()

    file(STRINGS ${pinned_folder}/pins pin REGEX "^${name}_sha256=")
    if(EXISTS ${sources}/.pin)
        file(STRINGS ${sources}/.pin unpacked)
        if(unpacked STREQUAL pin)
            set(${dir} ${sources} PARENT_SCOPE)
            return()
        endif()
    endif()
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/third_party)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env COM2NET_DEBIAN_MIRROR=${COM2NET_DEBIAN_MIRROR}
            ${pinned_folder}/fetch ${name} ${COM2NET_DOWNLOADS} ${COM2NET_THIRD_PARTY}
        OUTPUT_VARIABLE tarball OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_FILE ${CMAKE_BINARY_DIR}/third_party/${name}.log
        RESULT_VARIABLE failed)
    if(failed)
        set(${dir}_WHY "the sources of ${name} are not to be had, \
${CMAKE_BINARY_DIR}/third_party/${name}.log says where they were looked for and how to bring them" PARENT_SCOPE)
        return()
    endif()
    file(REMOVE_RECURSE ${sources} ${sources}.part)
    file(MAKE_DIRECTORY ${sources}.part)
    execute_process(COMMAND ${CMAKE_COMMAND} -E tar xf ${tarball}
        WORKING_DIRECTORY ${sources}.part RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "${tarball} cannot be unpacked: is the disk full?")
    endif()
    # the folder within is named as the tarball; a path of brackets would be a pattern for file(GLOB)
    get_filename_component(unpacked ${tarball} NAME)
    string(REGEX REPLACE "\\.tar\\..*$" "" unpacked ${unpacked})
    set(unpacked ${sources}.part/${unpacked})
    file(WRITE ${unpacked}/.pin "${pin}")
    file(RENAME ${unpacked} ${sources})
    file(REMOVE_RECURSE ${sources}.part)
    set(${dir} ${sources} PARENT_SCOPE)
endfunction()
