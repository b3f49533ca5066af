# Compiler settings, carried by one interface target so that nothing leaks into a parent project.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
include(GNUInstallDirs)

find_program(SIGHTLINE_CCACHE ccache)
if(SIGHTLINE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SIGHTLINE_CCACHE})
endif()

add_library(sightline_settings INTERFACE)
target_compile_features(sightline_settings INTERFACE cxx_std_20)
target_include_directories(sightline_settings INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/sightline>)
# -ffp-contract=off: a fused multiply-add rounds once where the reference evaluators round twice.
target_compile_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-Wall -Wextra -Wpedantic -Wshadow
  -Wconversion -Wold-style-cast -Wnon-virtual-dtor -ffp-contract=off>)
# Designated initialisers leave fields at their defaults on purpose; g++ 12's -Wrestrict misfires on
# std::string (its bug 105651).
target_compile_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-Wno-missing-field-initializers>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-Wno-restrict>)
endif()
if(SIGHTLINE_WERROR)
  target_compile_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-Werror>)
endif()
if(SIGHTLINE_SANITIZE)
  target_compile_options(sightline_settings INTERFACE
    $<BUILD_INTERFACE:-fsanitize=${SIGHTLINE_SANITIZE} -fno-omit-frame-pointer>)
  # Under the sanitizers g++ 12 takes members of variants and optionals for uninitialised.
  target_compile_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-Wno-maybe-uninitialized>)
  target_link_options(sightline_settings INTERFACE $<BUILD_INTERFACE:-fsanitize=${SIGHTLINE_SANITIZE}>)
endif()
